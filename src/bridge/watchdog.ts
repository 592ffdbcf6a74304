import type { Pulse } from '../rpc/transport.ts'
import type { Clock } from '../util/clock.ts'
import { BridgeError } from '../util/errors.ts'
import { BRIDGE_LIMITS } from './limits.ts'

export interface WatchdogOptions {
  readonly pulse: Pulse
  readonly clock: Clock
  /** ms since 1970: this clock goes on while the machine sleeps, which the other does not. */
  readonly wallNow: () => number
  /** Somebody waits for something from the other end. While nobody does, nothing is watched. */
  readonly isNeeded: () => boolean
  /** Called once, when the connection is dead. */
  readonly dead: (reason: BridgeError) => void
}

const { lookMs, silenceMs, verdictMs, wakeVerdictMs } = BRIDGE_LIMITS

/**
 * Finds out that a connection is dead though nobody said so. After 10 s without a byte it asks, once for all who wait, and
 * after 10 s more without one it is sure. When this machine slept, or was held up, it asks at once, and knows after 3 s.
 */
export class Watchdog implements Disposable {
  readonly #options: WatchdogOptions
  #timer: Disposable | undefined
  #received: number
  #heardMs: number
  #lookedMs: number
  #lookedWallMs: number
  /** By when a byte must have come. */
  #deadline: number | undefined

  constructor(options: WatchdogOptions) {
    this.#options = options
    this.#received = options.pulse.receivedBytes
    this.#heardMs = this.#lookedMs = options.clock.now()
    this.#lookedWallMs = options.wallNow()
  }

  /** Watches from now on, for as long as it is needed. What was silent for long is asked at once. */
  watch(): void {
    if (this.#timer) return
    const { clock } = this.#options
    if (clock.now() - this.#lookedMs >= silenceMs) this.#ask(verdictMs)
    this.#schedule()
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]()
    this.#timer = undefined
  }

  #look(): void {
    const { clock, isNeeded, dead } = this.#options
    this.#timer = undefined
    const now = clock.now()
    const wasHeldUp = this.#wasHeldUp(now)
    this.#listen(now)
    if (!isNeeded()) {
      this.#deadline = undefined
      return
    }
    // A verdict is for those who were there to hear an answer.
    if (wasHeldUp) this.#ask(wakeVerdictMs)
    else if (this.#deadline !== undefined && now >= this.#deadline) return dead(silent(now - this.#heardMs))
    else if (now - this.#heardMs >= silenceMs && this.#deadline === undefined) this.#ask(verdictMs)
    this.#schedule()
  }

  /** More time has passed than between two looks: this process was stopped, or the machine slept. */
  #wasHeldUp(now: number): boolean {
    const wallMs = this.#options.wallNow() - this.#lookedWallMs
    return Math.max(now - this.#lookedMs, wallMs) > lookMs + BRIDGE_LIMITS.jumpMs
  }

  #listen(now: number): void {
    const { pulse, wallNow } = this.#options
    const received = pulse.receivedBytes
    if (received !== this.#received) {
      this.#received = received
      this.#heardMs = now
      this.#deadline = undefined
    }
    this.#lookedMs = now
    this.#lookedWallMs = wallNow()
  }

  #ask(withinMs: number): void {
    const { clock, pulse } = this.#options
    this.#listen(clock.now())
    this.#deadline = clock.now() + withinMs
    pulse.ping()
  }

  #schedule(): void {
    this.#timer = this.#options.clock.after(lookMs, () => this.#look())
  }
}

function silent(ms: number): BridgeError {
  return new BridgeError(
    'unavailable',
    `nothing came for ${Math.round(ms / 1000)} s, not even an answer to a ping`,
  )
}

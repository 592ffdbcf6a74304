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

const { lookMs, silenceMs, verdictMs, wakeVerdictMs, newsBytes, aheadBytes } = BRIDGE_LIMITS

/**
 * Finds out that a connection is dead though nobody said so: one way or both. Every 10 s it asks, once for all who wait, and when
 * there is no answer for 10 s more it is sure. What comes besides is no answer: it tells that we hear, not that we are heard. But
 * while an answer may be late, behind much that comes or goes, whatever moves is a sign of life. When this machine slept, or was
 * held up, it asks at once, and knows after 3 s.
 */
export class Watchdog implements Disposable {
  readonly #options: WatchdogOptions
  #timer: Disposable | undefined
  #receivedBytes: number
  #queuedBytes = 0
  /** What had been sent before the latest ping, and before the latest that was answered. */
  #askedBytes = 0
  #answeredBytes = 0
  #heardMs: number
  #answeredMs: number
  #lookedMs: number
  #lookedWallMs: number
  #askedMs = 0
  /** By when a ping must have been answered. */
  #deadline: number | undefined

  constructor(options: WatchdogOptions) {
    this.#options = options
    this.#receivedBytes = options.pulse.receivedBytes
    this.#heardMs = this.#answeredMs = this.#lookedMs = options.clock.now()
    this.#lookedWallMs = options.wallNow()
  }

  /** Watches from now on, for as long as it is needed. What was silent for long is asked at once. */
  watch(): void {
    if (this.#timer) return
    const now = this.#options.clock.now()
    const restedMs = now - this.#lookedMs
    this.#listen(now)
    if (restedMs >= silenceMs) this.#ask(verdictMs)
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
    else if (this.#deadline === undefined && now - this.#answeredMs >= silenceMs) this.#ask(verdictMs)
    else if (this.#deadline !== undefined && now >= this.#deadline) return dead(this.#verdict(now))
    this.#schedule()
  }

  /** More time has passed than between two looks: this process was stopped, or the machine slept. */
  #wasHeldUp(now: number): boolean {
    const wallMs = this.#options.wallNow() - this.#lookedWallMs
    return Math.max(now - this.#lookedMs, wallMs) > lookMs + BRIDGE_LIMITS.jumpMs
  }

  #listen(now: number): void {
    const { pulse, wallNow } = this.#options
    if (pulse.receivedBytes > this.#receivedBytes) this.#heardMs = now
    if (pulse.isAnswered) this.#onAnswered(now)
    else if (this.#deadline !== undefined && this.#movesOn()) this.#deadline = now + verdictMs
    this.#receivedBytes = pulse.receivedBytes
    this.#queuedBytes = pulse.queuedBytes
    this.#lookedMs = now
    this.#lookedWallMs = wallNow()
  }

  #onAnswered(now: number): void {
    if (this.#deadline === undefined) return
    this.#deadline = undefined
    this.#answeredMs = now
    this.#answeredBytes = this.#askedBytes
  }

  /** The answer may still be behind something that moves: what comes, or what we sent and is held up further on. */
  #movesOn(): boolean {
    const { receivedBytes, sentBytes, queuedBytes } = this.#options.pulse
    const newBytes = receivedBytes - this.#receivedBytes
    const isBehindMuch = sentBytes - this.#answeredBytes >= aheadBytes
    return newBytes >= newsBytes || queuedBytes < this.#queuedBytes || (isBehindMuch && newBytes > 0)
  }

  #ask(withinMs: number): void {
    const { pulse } = this.#options
    this.#askedMs = this.#lookedMs
    this.#askedBytes = pulse.sentBytes
    this.#deadline = this.#askedMs + withinMs
    pulse.ping()
  }

  #schedule(): void {
    this.#timer = this.#options.clock.after(lookMs, () => this.#look())
  }

  #verdict(now: number): BridgeError {
    const reason =
      this.#heardMs > this.#askedMs
        ? `a ping was not answered for ${seconds(now - this.#askedMs)}: what is sent does not arrive`
        : `nothing came for ${seconds(now - this.#heardMs)}, not even an answer to a ping`
    return new BridgeError('unavailable', reason)
  }
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`
}

import type { Clock } from '../util/clock.ts'
import type { GatewayLimits } from './limits.ts'

/** A bridge that an executor is held for. */
export interface SlowBridge {
  /** What waits to be taken by it. */
  readonly queuedBytes: number
  /** True while other bridges wait behind the same hold. */
  othersWait(): boolean
  /** The hold was given up: what comes for this bridge piles up from now on. */
  outpaced(): void
}

/**
 * Holds an executor for a bridge that has enough to read, for as long as nobody else is kept waiting by it, or it reads at a
 * fair pace. One that does not read is not waited for: a bridge slows only its own streams.
 */
export function holdPatiently(
  hold: Disposable,
  bridge: SlowBridge,
  clock: Clock,
  limits: GatewayLimits,
): Disposable {
  let queued = bridge.queuedBytes
  let timer: Disposable
  const look = () => {
    const taken = queued - bridge.queuedBytes
    queued = bridge.queuedBytes
    if (bridge.othersWait() && taken < limits.patienceBytes) {
      hold[Symbol.dispose]()
      bridge.outpaced()
    } else timer = clock.after(limits.patienceMs, look)
  }
  timer = clock.after(limits.patienceMs, look)
  return {
    [Symbol.dispose]() {
      timer[Symbol.dispose]()
      hold[Symbol.dispose]()
    },
  }
}

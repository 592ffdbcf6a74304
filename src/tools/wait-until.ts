import type { Clock } from '../util/clock.ts'
import { deferred } from '../util/deferred.ts'
import { BridgeError } from '../util/errors.ts'
import { reasonOf, throwIfAborted } from '../util/signals.ts'
import type { Session } from './session.ts'

export interface WaitRequest {
  readonly sessions: readonly Session[]
  /** Asked now, after each change of one of the sessions, and when the time is over. What it throws ends the wait. */
  readonly condition: () => boolean
  readonly clock: Clock
  /** 0: only ask. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** Waits until the condition holds: true; or the time is over: false. Rejects with the signal's reason. */
export async function waitUntil(request: WaitRequest): Promise<boolean> {
  const { sessions, condition, clock, timeoutMs, signal } = request
  throwIfAborted(signal)
  if (condition()) return true
  if (timeoutMs <= 0) return false
  const result = deferred<boolean>()
  const ask = () => {
    try {
      if (condition()) result.resolve(true)
    } catch (error) {
      result.reject(BridgeError.from(error))
    }
  }
  const abort = () => result.reject(reasonOf(signal))
  const subscriptions = sessions.map((session) => session.onChange(ask))
  using _timer = clock.after(timeoutMs, () => {
    ask()
    result.resolve(false)
  })
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await result.promise
  } finally {
    signal.removeEventListener('abort', abort)
    for (const subscription of subscriptions) subscription[Symbol.dispose]()
  }
}

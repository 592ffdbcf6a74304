import type { Clock } from '../util/clock.ts'
import { deferred } from '../util/deferred.ts'
import { BridgeError } from '../util/errors.ts'
import { reasonOf, throwIfAborted } from '../util/signals.ts'
import type { Session } from './session.ts'
import type { ToolContext } from './tool.ts'

export interface WaitRequest {
  readonly sessions: readonly Session[]
  /** Asked now, after each change of one of the sessions, and when the time is over. What it throws ends the wait. */
  readonly condition: () => boolean
  readonly clock: Clock
  /** 0: only ask. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
  /** Told now and then how long it waits, in s: some clients end a call that shows no sign of life for a minute. */
  readonly progress?: ToolContext['progress']
}

/** Between two signs of life, in ms: several in the shortest patience there is. */
const SIGN_MS = 10_000

/** Waits until the condition holds: true; or the time is over: false. Rejects with the signal's reason. */
export async function waitUntil(request: WaitRequest): Promise<boolean> {
  const { sessions, condition, clock, timeoutMs, signal, progress } = request
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
  using _signs = progress && signsOfLife(clock, progress)
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await result.promise
  } finally {
    signal.removeEventListener('abort', abort)
    for (const subscription of subscriptions) subscription[Symbol.dispose]()
  }
}

function signsOfLife(clock: Clock, progress: ToolContext['progress']): Disposable {
  const startedAt = clock.now()
  const next = () =>
    clock.after(SIGN_MS, () => {
      progress(Math.round((clock.now() - startedAt) / 1000), undefined, 'waiting')
      timer = next()
    })
  let timer = next()
  return { [Symbol.dispose]: () => timer[Symbol.dispose]() }
}

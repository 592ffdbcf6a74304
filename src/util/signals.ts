import { setMaxListeners } from 'node:events'
import { deferred } from './deferred.ts'
import { BridgeError } from './errors.ts'

/** What anything that waits takes last. */
export interface CallOptions {
  /** Ends the wait; the wait then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** Ends the wait after so many ms with `deadline`. 0 or absent: no limit of its own. */
  readonly timeoutMs?: number | undefined
}

/** One signal for one call: the caller's, plus a time limit, plus our own `abort`. Dispose it when the call is over. */
export interface CallScope extends Disposable {
  readonly signal: AbortSignal
  abort(reason: Error): void
}

/**
 * Links the caller's signal and time limit into one. `what` names the wait in the deadline's message. `goesOn` is asked when the time
 * is over: true gives as much again.
 */
export function callScope(options: CallOptions = {}, what = 'Call', goesOn = () => false): CallScope {
  const controller = new AbortController()
  // A call may wait for many things at once, each with a listener of its own: that is no leak to warn of.
  setMaxListeners(0, controller.signal)
  const { signal, timeoutMs } = options
  const follow = () => controller.abort(reasonOf(signal!))
  if (signal?.aborted) follow()
  else signal?.addEventListener('abort', follow, { once: true })
  let timer: NodeJS.Timeout | undefined
  const wait = () => {
    if (timeoutMs) timer = setTimeout(late, timeoutMs).unref()
  }
  const late = () => {
    if (goesOn()) wait()
    else controller.abort(new BridgeError('deadline', `${what} took longer than ${timeoutMs} ms`))
  }
  wait()
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    [Symbol.dispose]() {
      clearTimeout(timer)
      signal?.removeEventListener('abort', follow)
    },
  }
}

/** One signal for what is not to be given up half-way: it ends so many ms after the caller's, for the same reason. */
export function graceScope(
  { signal }: CallOptions,
  graceMs: number,
): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const follow = () => {
    timer = setTimeout(() => controller.abort(reasonOf(signal!)), graceMs)
    timer.unref()
  }
  if (signal?.aborted) follow()
  else signal?.addEventListener('abort', follow, { once: true })
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      clearTimeout(timer)
      signal?.removeEventListener('abort', follow)
    },
  }
}

/** Waits for `work`, but no longer than the signal. Giving up the wait does not stop the work. */
export async function waitFor<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work
  const aborted = deferred<never>()
  const onAbort = () => aborted.reject(reasonOf(signal))
  if (signal.aborted) onAbort()
  else signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([work, aborted.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/** The reason of an aborted signal as one of our errors; an abort without a reason is `canceled`. */
export function reasonOf(signal: AbortSignal): BridgeError {
  return BridgeError.from(signal.reason ?? 'Canceled by the caller', 'canceled')
}

/** Throws the signal's reason if it is aborted. For after every await in a long function. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw reasonOf(signal)
}

import { BridgeError } from '../util/errors.ts'
import { waitFor } from '../util/signals.ts'
import { EXECUTOR_LIMITS } from './limits.ts'

/** The ends of copies that a client has asked for, by ids that it chose. They outlive its connection, as its processes do. */
export class Relays<T> implements AsyncDisposable {
  /** Those under way, and some that are over, the newest last. */
  readonly #known = new Map<string, { readonly done: Promise<T>; readonly stop: AbortController }>()
  readonly #running = new Set<string>()

  /** Does `work`; asked again under the same id, gives the answer of the first. Giving up the wait does not end it. */
  run(id: string, work: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    const known = this.#known.get(id)
    if (known) return waitFor(known.done, signal)
    if (this.#running.size >= EXECUTOR_LIMITS.relays)
      throw new BridgeError('conflict', `${this.#running.size} copies are under way: wait for one to end`)
    const stop = new AbortController()
    this.#running.add(id)
    const done = work(stop.signal).finally(() => this.#over(id))
    // Nobody may wait for it any more.
    done.catch(() => {})
    this.#known.set(id, { done, stop })
    return waitFor(done, signal)
  }

  /** Ends one, and resolves when nothing of it is left. One that is over, or unknown, is fine. */
  async end(id: string): Promise<void> {
    const known = this.#known.get(id)
    known?.stop.abort(new BridgeError('canceled', 'The copy was given up'))
    await known?.done.catch(() => {})
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#running].map((id) => this.end(id)))
  }

  #over(id: string): void {
    this.#running.delete(id)
    const oldest = [...this.#known.keys()].find((known) => !this.#running.has(known))
    if (this.#known.size > EXECUTOR_LIMITS.relays && oldest !== undefined) this.#known.delete(oldest)
  }
}

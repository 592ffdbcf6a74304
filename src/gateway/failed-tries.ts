import type { Clock } from '../util/clock.ts'

/** Counts what failed, by key, in windows of time. It remembers so many keys and forgets the oldest beyond. */
export class FailedTries {
  readonly #clock: Clock
  readonly #windowMs: number
  readonly #maxKeys: number
  readonly #counts = new Map<string, { since: number; count: number }>()

  constructor(clock: Clock, windowMs: number, maxKeys: number) {
    this.#clock = clock
    this.#windowMs = windowMs
    this.#maxKeys = maxKeys
  }

  /** Counts one more; gives how many there were in this window, with it. */
  count(key: string): number {
    const now = this.#clock.now()
    const known = this.#counts.get(key)
    if (known && now - known.since < this.#windowMs) return ++known.count
    this.#counts.delete(key)
    const oldest = this.#counts.keys().next()
    if (this.#counts.size >= this.#maxKeys && !oldest.done) this.#counts.delete(oldest.value)
    this.#counts.set(key, { since: now, count: 1 })
    return 1
  }
}

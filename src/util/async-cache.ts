/**
 * A map that shares the work: the promise is stored, so those who ask for a key at the same time wait for one
 * computation, and a computation that fails is forgotten, so that the next one tries again.
 */
export class AsyncCache<K, V> {
  readonly #entries = new Map<K, Promise<V>>()

  /** The value of `key`, computed once. */
  get(key: K, compute: () => Promise<V>): Promise<V> {
    const known = this.#entries.get(key)
    if (known) return known
    const entry = compute()
    this.#entries.set(key, entry)
    entry.catch(() => this.delete(key, entry))
    return entry
  }

  /** Forgets `key`; with `entry` only when it is still that one. */
  delete(key: K, entry?: Promise<V>): void {
    if (!entry || this.#entries.get(key) === entry) this.#entries.delete(key)
  }

  entries(): IterableIterator<[K, Promise<V>]> {
    return this.#entries.entries()
  }

  get size(): number {
    return this.#entries.size
  }
}

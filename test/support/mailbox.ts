/** What came, in order, for a test that waits for the next one. */
export class Mailbox<T> {
  readonly #items: T[] = []
  readonly #waiters: ((item: T) => void)[] = []

  put(item: T): void {
    const waiter = this.#waiters.shift()
    if (waiter) waiter(item)
    else this.#items.push(item)
  }

  /** The next one, now or when it comes. */
  take(): Promise<T> {
    if (this.#items.length > 0) return Promise.resolve(this.#items.shift()!)
    return new Promise((resolve) => this.#waiters.push(resolve))
  }

  /** How many came that nobody took. */
  get size(): number {
    return this.#items.length
  }
}

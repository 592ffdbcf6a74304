import type { Clock } from '../../src/util/clock.ts'

/** A clock that a test moves. */
export class ManualClock implements Clock {
  #now = 0
  readonly #timers = new Set<{ readonly at: number; readonly callback: () => void }>()

  now(): number {
    return this.#now
  }

  after(ms: number, callback: () => void): Disposable {
    const timer = { at: this.#now + ms, callback }
    this.#timers.add(timer)
    return { [Symbol.dispose]: () => void this.#timers.delete(timer) }
  }

  /** Timers that have neither fired nor been disposed. */
  get pending(): number {
    return this.#timers.size
  }

  /** Lets `ms` pass: every timer that is due fires in its turn, and what it sets off happens before the next. */
  async advance(ms: number): Promise<void> {
    await settled()
    const end = this.#now + ms
    for (;;) {
      const due = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
      if (!due) break
      this.#timers.delete(due)
      this.#now = Math.max(this.#now, due.at)
      due.callback()
      await settled()
    }
    this.#now = end
  }
}

/** Resolves when everything that needs no time and no input has happened. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}

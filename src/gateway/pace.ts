import type { Clock } from '../util/clock.ts'

/** Lets those who come under one key go on one after the other, spaced; who comes too fast waits, not too long. */
export class Pace {
  readonly #clock: Clock
  readonly #spacingMs: number
  readonly #longestMs: number
  readonly #next = new Map<string, number>()

  constructor(clock: Clock, options: { spacingMs: number; longestMs: number }) {
    this.#clock = clock
    this.#spacingMs = options.spacingMs
    this.#longestMs = options.longestMs
  }

  async wait(key: string): Promise<void> {
    const now = this.#clock.now()
    const at = Math.min(Math.max(this.#next.get(key) ?? now, now), now + this.#longestMs)
    this.#next.set(key, at + this.#spacingMs)
    if (at > now) await new Promise<void>((resolve) => void this.#clock.after(at - now, resolve))
  }
}

/** Numbers that look random and are the same for the same seed, on every machine (splitmix32). */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed | 0
    // Seeds are often neighbours; their sequences must not be.
    this.#state = this.#next() ^ Math.imul(seed, 0x85ebca6b)
  }

  /** A whole number from `least` to `most`, both included. */
  integer(least: number, most: number): number {
    return least + Math.floor(this.#fraction() * (most - least + 1))
  }

  /** As `integer`, but small ones are more likely: 1 to 10 is as likely as 10 to 100. */
  scale(least: number, most: number): number {
    return Math.min(most, Math.floor(least * ((most + 1) / least) ** this.#fraction()))
  }

  /** True in `share` of all cases, 0 to 1. */
  chance(share: number): boolean {
    return this.#fraction() < share
  }

  /** One of them. */
  pick<T>(items: readonly T[]): T {
    return items[this.integer(0, items.length - 1)]!
  }

  /** One of the keys, each as often as its weight says. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const keys = Object.keys(weights) as K[]
    let left = this.#fraction() * keys.reduce((sum, key) => sum + weights[key], 0)
    for (const key of keys) {
      left -= weights[key]
      if (left < 0) return key
    }
    return keys.at(-1)!
  }

  #fraction(): number {
    return this.#next() / 2 ** 32
  }

  #next(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    return (mixed ^ (mixed >>> 15)) >>> 0
  }
}

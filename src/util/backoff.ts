export interface BackoffOptions {
  /** The most the first wait may take, in ms; each further one twice that. */
  readonly firstMs: number
  /** The most any wait may take, in ms. */
  readonly mostMs: number
  /** What was there for so long, in ms, is healthy again: the waits begin anew. */
  readonly healthyMs: number
  /** What was got back, and lost sooner than this, in ms, is tried again after the first wait, not at once: it would be tried in a loop. */
  readonly briefMs: number
  /** From 0 to 1, 1 excluded. */
  readonly random?: () => number
}

/**
 * How long to wait before the next try to get something back: not at all at first, then a random part of a time that doubles (full
 * jitter), so that those who lost it together do not come back together.
 */
export class Backoff {
  readonly #options: BackoffOptions
  readonly #random: () => number
  #tries = 0
  #busyTries = 0
  #first: 'at once' | 'soon' | 'done' = 'at once'

  constructor(options: BackoffOptions) {
    this.#options = options
    this.#random = options.random ?? Math.random
  }

  /** It is lost again, after it was there for `livedMs`. */
  lostAfter(livedMs: number): void {
    const { healthyMs, briefMs } = this.#options
    if (livedMs >= healthyMs) this.#tries = 0
    this.#busyTries = 0
    this.#first = livedMs >= briefMs || this.#first === 'at once' ? 'at once' : 'soon'
  }

  /** ms to wait before the next try. */
  next(): number {
    const first = this.#first
    this.#first = 'done'
    switch (first) {
      case 'at once':
        return 0
      case 'soon':
        return this.#wait(0)
      case 'done':
        return this.#wait(this.#tries++)
    }
  }

  /** The same when the other end is there, and not ready yet: that is no sign of its health, so it is counted from each loss. */
  nextWhileBusy(): number {
    return this.#wait(this.#busyTries++)
  }

  #wait(tries: number): number {
    const { firstMs, mostMs } = this.#options
    return this.#random() * Math.min(mostMs, firstMs * 2 ** tries)
  }
}

import { type Deferred, deferred } from './deferred.ts'
import { waitFor } from './signals.ts'

/** Lets so many in at a time; the others wait and come in in their order. Each who is let in must `release` once. */
export class Semaphore {
  readonly #waiting = new Set<Deferred<void>>()
  #free: number

  constructor(size: number) {
    this.#free = size
  }

  /** Comes in if that needs no waiting. */
  tryAcquire(): boolean {
    if (this.#free === 0) return false
    this.#free--
    return true
  }

  /** Comes in, in turn. Rejects with the signal's reason; then nothing is to be released. */
  async acquire(signal?: AbortSignal): Promise<void> {
    if (this.tryAcquire()) return
    const turn = deferred<void>()
    this.#waiting.add(turn)
    try {
      await waitFor(turn.promise, signal)
    } catch (error) {
      // A turn that came at the same moment is passed on.
      if (!this.#waiting.delete(turn)) this.release()
      throw error
    }
  }

  release(): void {
    const [next] = this.#waiting
    if (!next) {
      this.#free++
      return
    }
    this.#waiting.delete(next)
    next.resolve()
  }
}

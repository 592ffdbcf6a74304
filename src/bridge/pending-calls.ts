import type { Methods } from '../protocol/methods.ts'
import type { Clock } from '../util/clock.ts'
import { Semaphore } from '../util/semaphore.ts'
import { CallFailure } from './call-failure.ts'
import { BRIDGE_LIMITS } from './limits.ts'

/** Many come at once, from whoever moves a file: they take turns. */
const BLOCKS: ReadonlySet<keyof Methods> = new Set(['fs/readBlock', 'fs/writeBlock'])

/** What ends a process makes a busy machine less busy, and comes once for each: it is let through. */
const ENDS: ReadonlySet<keyof Methods> = new Set(['process/terminate'])

/** The calls of one session that wait for their answer, with a connection or without: 256 at most, 64 of them blocks of files. */
export class PendingCalls {
  readonly #clock: Clock
  readonly #blockTurns = new Semaphore(BRIDGE_LIMITS.blocks)
  #count = 0
  #lastActivityMs: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#lastActivityMs = clock.now()
  }

  get count(): number {
    return this.#count
  }

  /** When a call began or ended, or `touch` was called. */
  get lastActivityMs(): number {
    return this.#lastActivityMs
  }

  touch(): void {
    this.#lastActivityMs = this.#clock.now()
  }

  /** Counts `work` as long as it takes. Rejects with `unavailable` when there are too many; a block waits for its turn, or for `signal`. */
  async run<T>(method: keyof Methods, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    if (ENDS.has(method)) return this.#counted(work)
    if (!BLOCKS.has(method)) return this.#limited(work)
    await this.#blockTurns.acquire(signal)
    try {
      return await this.#limited(work)
    } finally {
      this.#blockTurns.release()
    }
  }

  #limited<T>(work: () => Promise<T>): Promise<T> {
    if (this.#count >= BRIDGE_LIMITS.calls)
      throw new CallFailure(
        'unavailable',
        `the machine is too busy, ${this.#count} calls wait for it already`,
        false,
      )
    return this.#counted(work)
  }

  async #counted<T>(work: () => Promise<T>): Promise<T> {
    this.#count++
    this.touch()
    try {
      return await work()
    } finally {
      this.#count--
      this.touch()
    }
  }
}

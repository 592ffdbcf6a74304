import { atMost } from '../util/at-most.ts'
import type { Clock } from '../util/clock.ts'
import type { Logger } from '../util/log.ts'
import type { SharedFile } from './shared-file.ts'

export interface LatestWriteOptions<T> {
  readonly file: SharedFile<T>
  /** What is to be on disk, as it is when the write begins. */
  readonly current: () => T
  /** What is lost when it cannot be written, for the log. */
  readonly what: string
  readonly clock: Clock
  readonly logger: Logger
}

/** Keeps a file as a value that changes often: one write at a time, and those who ask while one is under way share the next. */
export class LatestWrite<T> {
  readonly #options: LatestWriteOptions<T>
  #written = ''
  #writing: Promise<void> = Promise.resolve()
  /** The write that has not begun yet: it will have all that is known by then. */
  #next: Promise<void> | undefined

  constructor(options: LatestWriteOptions<T>) {
    this.#options = options
  }

  /** Resolves when what is known now is on disk, or cannot be written. Never rejects. */
  write(): Promise<void> {
    this.#next ??= this.#writing.then(() => {
      this.#next = undefined
      return this.#write()
    })
    this.#writing = this.#next
    return this.#next
  }

  /** Resolves when all writes that were asked for are done, at the latest after `timeoutMs`. Never rejects. */
  done({ timeoutMs }: { timeoutMs: number }): Promise<void> {
    return atMost(timeoutMs, this.#writing, this.#options.clock)
  }

  async #write(): Promise<void> {
    const { file, current, what, logger } = this.#options
    const value = current()
    const text = JSON.stringify(value)
    if (text === this.#written) return
    try {
      await file.update(() => value)
      this.#written = text
    } catch (error) {
      logger.error({ error: String(error) }, `${what} not written down`)
    }
  }
}

import type { CopyJob } from './copy-job.ts'
import { metadataIfThere } from './machine.ts'

/** Progress is told at most so often. */
const LOOK_EVERY_MS = 500

/** Looks now and then how large a file has grown from `offset` on, for as long as it is not disposed. */
export class Growth implements Disposable {
  readonly #job: Pick<CopyJob, 'target' | 'signal' | 'progress'>
  readonly #path: string
  readonly #timer: NodeJS.Timeout
  #told: number
  #isOver = false

  constructor(job: Pick<CopyJob, 'target' | 'signal' | 'progress'>, path: string, offset: number) {
    this.#job = job
    this.#path = path
    this.#told = offset
    // Never rejects.
    this.#timer = setInterval(() => void this.#look(), LOOK_EVERY_MS).unref()
  }

  /** It has all its bytes. */
  end(bytes: number): void {
    this.#tell(bytes)
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    this.#isOver = true
  }

  async #look(): Promise<void> {
    const { target, signal } = this.#job
    try {
      this.#tell((await metadataIfThere(target.executor, this.#path, { signal }))?.size ?? 0)
    } catch {
      // Whoever writes the file says what is wrong.
    }
  }

  #tell(bytes: number): void {
    if (bytes <= this.#told || this.#isOver) return
    this.#job.progress.moved(bytes - this.#told)
    this.#told = bytes
  }
}

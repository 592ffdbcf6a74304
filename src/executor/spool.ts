import { randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { BridgeError } from '../util/errors.ts'
import { EXECUTOR_LIMITS } from './limits.ts'
import { SpoolFile } from './spool-file.ts'
import { SpoolSegment } from './spool-segment.ts'

export interface SpoolOptions {
  /** Made when it is needed, for its owner alone. */
  readonly directory: string
  /** For the output of all processes together, and of one, in bytes. */
  readonly maxBytes?: number | undefined
  readonly maxFileBytes?: number | undefined
  readonly segmentBytes?: number | undefined
  /** Called with the first failure of several to write. Must not throw. */
  readonly onFailure?: ((error: unknown) => void) | undefined
}

/**
 * Output that no longer fits into memory, on disk. Its files are for their owner alone (0600) and have no name: nobody can
 * open them, and nothing is left of them when this process ends, however it does. Beyond the bounds the oldest goes.
 */
export class Spool {
  readonly #options: SpoolOptions
  readonly #maxBytes: number
  readonly #maxFileBytes: number
  readonly #segmentBytes: number
  /** In the order in which they were made. */
  readonly #segments = new Map<SpoolSegment, SpoolFile>()
  #bytes = 0
  #isFailing = false

  constructor(options: SpoolOptions) {
    this.#options = options
    this.#maxBytes = options.maxBytes ?? EXECUTOR_LIMITS.spoolBytes
    this.#maxFileBytes = options.maxFileBytes ?? EXECUTOR_LIMITS.spoolFileBytes
    this.#segmentBytes = options.segmentBytes ?? EXECUTOR_LIMITS.spoolSegmentBytes
  }

  /** What is on disk, in bytes. */
  get bytes(): number {
    return this.#bytes
  }

  /** Looks whether output can be kept there. Rejects with why not, and what would be right. */
  async check(): Promise<void> {
    try {
      const handle = await this.#openNameless()
      await handle.close()
    } catch (error) {
      const { code, message } = BridgeError.from(error)
      const text = `Cannot keep output in "${this.#options.directory}": ${message}; give another directory with --spool`
      throw new BridgeError(code, text, { cause: error })
    }
  }

  /** A place for the output of one process. `onPressure` is told when it comes faster than the disk takes it. */
  file(onPressure: (isHigh: boolean) => void): SpoolFile {
    return new SpoolFile(this, onPressure)
  }

  /** A new segment for a file. Rejects with what the system said. */
  async segment(file: SpoolFile): Promise<SpoolSegment> {
    const segment = new SpoolSegment(await this.#openNameless(), this.#segmentBytes)
    this.#segments.set(segment, file)
    return segment
  }

  /** A segment has grown: what is too much then goes, the oldest first. */
  grown(file: SpoolFile, bytes: number): void {
    this.#isFailing = false
    this.#bytes += bytes
    while (file.bytes > this.#maxFileBytes && file.segmentCount > 1) file.dropOldest()
    for (const [, of] of this.#segments) {
      if (this.#bytes <= this.#maxBytes) return
      of.dropOldest()
    }
  }

  /** A segment is gone. */
  dropped(segment: SpoolSegment): void {
    if (this.#segments.delete(segment)) this.#bytes -= segment.bytes
  }

  failed(error: unknown): void {
    if (!this.#isFailing) this.#options.onFailure?.(error)
    this.#isFailing = true
  }

  async #openNameless(): Promise<FileHandle> {
    const { directory } = this.#options
    await mkdir(directory, { recursive: true, mode: 0o700 })
    const path = join(directory, `${randomUUID()}.out`)
    const handle = await open(path, 'wx+', 0o600)
    // Windows does not let go of the name of an open file; there it stays until the directory is cleared.
    await rm(path, { force: true }).catch(() => {})
    return handle
  }
}

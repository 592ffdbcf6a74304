import type { OutputChunk } from '../protocol/executor.ts'
import { EXECUTOR_LIMITS } from './limits.ts'
import type { Spool } from './spool.ts'
import type { SpoolSegment } from './spool-segment.ts'

/**
 * The older output of one process: written to disk in batches, in order, and read again from any number on. What waits to be
 * written is in memory, and can be read there. What cannot be written, or has no more room, is counted as dropped.
 */
export class SpoolFile {
  readonly #spool: Spool
  readonly #onPressure: (isHigh: boolean) => void
  readonly #segments: SpoolSegment[] = []
  #writing: readonly OutputChunk[] = []
  #pending: OutputChunk[] = []
  #queuedBytes = 0
  #isBusy = false
  #isHigh = false
  #isClosed = false
  #lastSeq = 0
  #droppedBytes = 0

  constructor(spool: Spool, onPressure: (isHigh: boolean) => void) {
    this.#spool = spool
    this.#onPressure = onPressure
  }

  /** The number of the last chunk that came here. */
  get lastSeq(): number {
    return this.#lastSeq
  }

  /** Bytes of output that are kept no longer. */
  get droppedBytes(): number {
    return this.#droppedBytes
  }

  /** What it takes on disk. */
  get bytes(): number {
    return this.#segments.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  get segmentCount(): number {
    return this.#segments.length
  }

  append(chunk: OutputChunk): void {
    if (this.#isClosed) return
    this.#lastSeq = chunk.seq
    this.#pending.push(chunk)
    this.#queuedBytes += chunk.bytes.byteLength
    this.#press()
    // Never rejects.
    if (!this.#isBusy && this.#queuedBytes >= EXECUTOR_LIMITS.spoolBatchBytes) void this.#writeAll()
  }

  /** Some of the chunks after `afterSeq`, the oldest first; none when none are left. Rejects when the disk fails. */
  async read(afterSeq: number): Promise<readonly OutputChunk[]> {
    const segment = this.#segments.find(({ lastSeq }) => lastSeq > afterSeq)
    if (segment) return await segment.read(afterSeq)
    return [...this.#writing, ...this.#pending].filter(({ seq }) => seq > afterSeq)
  }

  dropOldest(): void {
    const segment = this.#segments.shift()
    if (!segment) return
    this.#droppedBytes += segment.outputBytes
    this.#spool.dropped(segment)
    segment.drop()
  }

  /** Nobody will read it any more. */
  close(): void {
    this.#isClosed = true
    this.#pending = []
    while (this.#segments.length > 0) this.dropOldest()
  }

  async #writeAll(): Promise<void> {
    this.#isBusy = true
    while (this.#queuedBytes >= EXECUTOR_LIMITS.spoolBatchBytes && !this.#isClosed) {
      this.#writing = this.#pending.splice(0, batchLength(this.#pending))
      const bytes = this.#writing.reduce((sum, chunk) => sum + chunk.bytes.byteLength, 0)
      try {
        await this.#write(this.#writing)
      } catch (error) {
        this.#droppedBytes += bytes
        this.#spool.failed(error)
      }
      // Whatever came of it: a segment may have been made for nobody.
      if (this.#isClosed) this.close()
      this.#writing = []
      this.#queuedBytes -= bytes
      this.#press()
    }
    this.#isBusy = false
  }

  async #write(chunks: readonly OutputChunk[]): Promise<void> {
    let segment = this.#segments.at(-1)
    if (!segment || segment.isFull) {
      segment = await this.#spool.segment(this)
      this.#segments.push(segment)
    }
    const bytes = await segment.append(chunks)
    if (this.#segments.includes(segment)) this.#spool.grown(this, bytes)
    // Its place was taken while it was written.
    else this.#droppedBytes += chunks.reduce((sum, chunk) => sum + chunk.bytes.byteLength, 0)
  }

  #press(): void {
    const isHigh = this.#queuedBytes > EXECUTOR_LIMITS.spoolQueueBytes
    if (isHigh === this.#isHigh) return
    this.#isHigh = isHigh
    this.#onPressure(isHigh)
  }
}

/** How many of the chunks make a batch: as many as it takes to be worth a write. */
function batchLength(chunks: readonly OutputChunk[]): number {
  let bytes = 0
  const last = chunks.findIndex((chunk) => {
    bytes += chunk.bytes.byteLength
    return bytes >= EXECUTOR_LIMITS.spoolBatchBytes
  })
  return last < 0 ? chunks.length : last + 1
}

import type { BridgeError } from '../util/errors.ts'
import { type CallOptions, reasonOf } from '../util/signals.ts'
import type { OutputChunk, ReadRequest, ReadResult } from './executor.ts'

/** What a buffer does when its reader is slow. */
export interface OutputBufferOptions {
  /** The most that is kept, in bytes. Beyond it the oldest goes, read or not: an unread byte lost so is counted. */
  readonly maxBytes: number
  /** Drops a chunk as soon as a reader's cursor is past it, for when nobody comes back. */
  readonly dropsRead?: boolean
  /** Called when more than half of that is unread, and again when it no longer is: whoever can should hold the writer back. */
  readonly onPressure?: (isHigh: boolean) => void
  /** Takes over what has no more room, in order: it is not lost then, and not counted as such. */
  readonly onDrop?: (chunk: OutputChunk) => void
}

/** About what a chunk costs in memory beyond its bytes: a process that writes byte by byte must not cost a hundred times its output. */
const CHUNK_COST = 64

/**
 * What one process has written, in order, and how it ended: filled from one side in the order of `seq`, read from the
 * other with a cursor and a wait. Several readers may wait at once. A chunk that was read stays, for a
 * reader who comes back, until newer ones need its room.
 */
export class OutputBuffer {
  readonly #options: OutputBufferOptions
  #chunks: OutputChunk[] = []
  /** Chunks before this place are dropped; the array itself is cut now and then. */
  #first = 0
  #bytes = 0
  #unreadBytes = 0
  #lastSeq = 0
  #readSeq = 0
  #dropped = 0
  #gone = 0
  #exitCode: number | undefined
  #isExitTold = false
  #closed = false
  #lost: BridgeError | undefined
  readonly #waiters = new Set<() => void>()
  #pressed = false

  constructor(options: OutputBufferOptions) {
    this.#options = options
  }

  /** The `seq` of the last event taken in: output, exit or close. */
  get lastSeq(): number {
    return this.#lastSeq
  }

  get exited(): boolean {
    return this.#exitCode !== undefined
  }

  /** Undefined until `exited`. */
  get exitCode(): number | undefined {
    return this.#exitCode
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Bytes kept, read or not. */
  get size(): number {
    return this.#bytes
  }

  /** Takes one chunk in. Chunks come in the order of `seq`; one that is not newer than the last event is ignored. */
  push(chunk: OutputChunk): void {
    if (chunk.seq <= this.#lastSeq || this.#closed) return
    this.#lastSeq = chunk.seq
    this.#chunks.push(chunk)
    this.#bytes += chunk.bytes.byteLength
    this.#unreadBytes += chunk.bytes.byteLength
    this.#dropWhile(() => this.#isOver)
    this.#press()
    this.#wake()
  }

  /** The process is over with this code; its children may still write. */
  exit(seq: number, exitCode: number): void {
    this.#lastSeq = Math.max(this.#lastSeq, seq)
    this.#exitCode ??= exitCode
    this.#wake()
  }

  /** Nobody writes any more. */
  close(seq: number): void {
    this.#lastSeq = Math.max(this.#lastSeq, seq)
    this.#closed = true
    this.#wake()
  }

  /** Drops all that is kept; see `onDrop`. */
  dropAll(): void {
    this.#dropWhile(() => true)
  }

  /** Adds to what is known to be lost: bytes that never came in (a gap after a resume). */
  lose(bytes: number): void {
    this.#dropped += bytes
    this.#gone += bytes
  }

  /** The process can no longer be reached. Reads give what is kept, and reject with `reason` when there is nothing more. */
  fail(reason: BridgeError): void {
    if (this.#closed) return
    this.#lost ??= reason
    this.#wake()
  }

  /** See `Executor.read`. */
  async read(request: ReadRequest, options: CallOptions = {}): Promise<ReadResult> {
    const { afterSeq, waitMs } = request
    if (waitMs > 0 && !this.#hasNews(afterSeq)) await this.#wait(waitMs, options.signal)
    const chunks = this.#after(afterSeq)
    if (chunks.length === 0 && this.#lost) throw this.#lost
    this.#markRead(chunks.at(-1)?.seq ?? afterSeq)
    if (this.#options.dropsRead) this.#dropWhile((chunk) => chunk.seq <= afterSeq)
    this.#isExitTold = this.exited
    return {
      chunks,
      lastSeq: Math.max(this.#lastSeq, afterSeq),
      droppedBytes: this.#dropped,
      ...(this.#gone > 0 && { goneBytes: this.#gone }),
      exited: this.exited,
      exitCode: this.#exitCode,
      closed: this.#closed,
    }
  }

  #hasNews(afterSeq: number): boolean {
    const isNewExit = this.exited && !this.#isExitTold
    return this.#lastSeq > afterSeq || isNewExit || this.#closed || this.#lost !== undefined
  }

  /** Until something happens, whatever it is: an exit need not move `lastSeq`. */
  #wait(waitMs: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', abort)
        this.#waiters.delete(wake)
        settle()
      }
      const wake = () => end(resolve)
      const abort = () => end(() => reject(reasonOf(signal!)))
      const timer = setTimeout(wake, waitMs)
      timer.unref()
      if (signal?.aborted) return abort()
      signal?.addEventListener('abort', abort, { once: true })
      this.#waiters.add(wake)
    })
  }

  #wake(): void {
    for (const wake of [...this.#waiters]) wake()
  }

  /** Chunks after the cursor. They are in order, so the place is found from the end, where readers are. */
  #after(afterSeq: number): OutputChunk[] {
    let at = this.#chunks.length
    while (at > this.#first && this.#chunks[at - 1]!.seq > afterSeq) at--
    return this.#chunks.slice(at)
  }

  /** All up to `seq` is read: the reader has it, or has said by its cursor that it does not want it. */
  #markRead(seq: number): void {
    for (const chunk of this.#after(this.#readSeq))
      if (chunk.seq <= seq) this.#unreadBytes -= chunk.bytes.byteLength
    this.#readSeq = Math.max(this.#readSeq, seq)
    this.#press()
  }

  /** Drops the oldest while `isUnwanted` says so. */
  #dropWhile(isUnwanted: (chunk: OutputChunk) => boolean): void {
    while (this.#first < this.#chunks.length && isUnwanted(this.#chunks[this.#first]!)) {
      const chunk = this.#chunks[this.#first++]!
      const { byteLength } = chunk.bytes
      this.#bytes -= byteLength
      this.#options.onDrop?.(chunk)
      if (chunk.seq <= this.#readSeq) continue
      this.#unreadBytes -= byteLength
      if (!this.#options.onDrop) this.#dropped += byteLength
    }
    // Cut now and then: at every chunk it would cost as much as all that is kept, never it would hold what is dropped.
    if (this.#first === 0 || this.#first * 8 < this.#chunks.length) return
    this.#chunks = this.#chunks.slice(this.#first)
    this.#first = 0
  }

  /** Too much is kept. The newest chunk stays, however large. */
  get #isOver(): boolean {
    const count = this.#chunks.length - this.#first
    return count > 1 && this.#bytes + count * CHUNK_COST > this.#options.maxBytes
  }

  #press(): void {
    const isHigh = this.#unreadBytes > this.#options.maxBytes / 2
    if (isHigh === this.#pressed) return
    this.#pressed = isHigh
    this.#options.onPressure?.(isHigh)
  }
}

import type { BridgeError } from '../util/errors.ts'
import { type CallOptions, reasonOf } from '../util/signals.ts'
import type { OutputChunk, ReadRequest, ReadResult } from './executor.ts'

/** What a buffer does when its reader is slow. */
export interface OutputBufferOptions {
  /** The most that is kept, in bytes. Beyond it the oldest goes, read or not: an unread byte lost so is counted. */
  readonly maxBytes: number
  /** Called when more than half of that is unread, and again when it no longer is: whoever can should hold the writer back. */
  readonly onPressure?: (isHigh: boolean) => void
}

/**
 * What one process has written, in order, and how it ended: filled from one side in the order of `seq`, read from the
 * other with a cursor and a wait. Several readers may wait at once. A chunk that was read stays, for a
 * reader who comes back, until newer ones need its room.
 */
export class OutputBuffer {
  readonly #options: OutputBufferOptions
  #chunks: OutputChunk[] = []
  #bytes = 0
  #readBytes = 0
  #lastSeq = 0
  #readSeq = 0
  #dropped = 0
  #exitCode: number | undefined
  #closed = false
  #lost: BridgeError | undefined
  #waiters = new Set<() => void>()
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
    this.#shrink()
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

  /** Adds to what is known to be lost: bytes that never came in (a gap after a resume). */
  lose(bytes: number): void {
    this.#dropped += bytes
  }

  /** The process can no longer be reached. Reads give what is kept, and reject with `reason` when there is nothing more. */
  fail(reason: BridgeError): void {
    if (!this.#closed) this.#lost ??= reason
    this.#wake()
  }

  /** See `Executor.read`. */
  async read(request: ReadRequest, options: CallOptions = {}): Promise<ReadResult> {
    const { afterSeq, waitMs } = request
    if (waitMs > 0 && !this.#hasNews(afterSeq)) await this.#wait(afterSeq, waitMs, options.signal)
    const chunks = this.#after(afterSeq)
    if (chunks.length === 0 && this.#lost) throw this.#lost
    if (chunks.length > 0) this.#markRead(chunks)
    return {
      chunks,
      lastSeq: Math.max(this.#lastSeq, afterSeq),
      droppedBytes: this.#dropped,
      exited: this.exited,
      exitCode: this.#exitCode,
      closed: this.#closed,
    }
  }

  #hasNews(afterSeq: number): boolean {
    return this.#lastSeq > afterSeq || this.#closed || this.#lost !== undefined
  }

  #wait(afterSeq: number, waitMs: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', abort)
        this.#waiters.delete(check)
      }
      const finish = () => {
        done()
        resolve()
      }
      const check = () => {
        if (this.#hasNews(afterSeq)) finish()
      }
      const abort = () => {
        done()
        reject(reasonOf(signal!))
      }
      const timer = setTimeout(finish, waitMs)
      if (signal?.aborted) return abort()
      signal?.addEventListener('abort', abort, { once: true })
      this.#waiters.add(check)
    })
  }

  #wake(): void {
    for (const check of [...this.#waiters]) check()
  }

  /** Chunks after the cursor. They are in order, so the place is found from the end, where readers are. */
  #after(afterSeq: number): OutputChunk[] {
    let at = this.#chunks.length
    while (at > 0 && this.#chunks[at - 1]!.seq > afterSeq) at--
    return this.#chunks.slice(at)
  }

  #markRead(chunks: readonly OutputChunk[]): void {
    for (const chunk of chunks) if (chunk.seq > this.#readSeq) this.#readBytes += chunk.bytes.byteLength
    this.#readSeq = Math.max(this.#readSeq, chunks.at(-1)!.seq)
    this.#press()
  }

  #shrink(): void {
    let cut = 0
    while (this.#bytes > this.#options.maxBytes && cut < this.#chunks.length - 1) {
      const { seq, bytes } = this.#chunks[cut++]!
      this.#bytes -= bytes.byteLength
      if (seq <= this.#readSeq) this.#readBytes -= bytes.byteLength
      else this.#dropped += bytes.byteLength
    }
    if (cut > 0) this.#chunks = this.#chunks.slice(cut)
  }

  #press(): void {
    const isHigh = this.#bytes - this.#readBytes > this.#options.maxBytes / 2
    if (isHigh === this.#pressed) return
    this.#pressed = isHigh
    this.#options.onPressure?.(isHigh)
  }
}

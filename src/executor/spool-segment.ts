import type { FileHandle } from 'node:fs/promises'
import type { OutputChunk, OutputStream } from '../protocol/executor.ts'

/** Before each chunk: its number (6 bytes), its stream (1) and its length (4). */
const HEADER_BYTES = 11
const STREAMS: readonly OutputStream[] = ['stdout', 'stderr', 'pty']

interface Batch {
  readonly lastSeq: number
  readonly offset: number
  readonly length: number
}

/** A piece of what one process has written, on disk: batches of chunks, found by their numbers. */
export class SpoolSegment {
  readonly #handle: FileHandle
  readonly #maxBytes: number
  readonly #batches: Batch[] = []
  #bytes = 0
  /** Bytes of output, without what stands around them. */
  outputBytes = 0
  #users = 0
  #isDropped = false

  /** Owns the handle. */
  constructor(handle: FileHandle, maxBytes: number) {
    this.#handle = handle
    this.#maxBytes = maxBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  get isFull(): boolean {
    return this.#bytes >= this.#maxBytes
  }

  get lastSeq(): number {
    return this.#batches.at(-1)?.lastSeq ?? 0
  }

  /** Writes chunks, newer than all before; gives what they take. After a failure the segment is as before. */
  async append(chunks: readonly OutputChunk[]): Promise<number> {
    const bytes = Buffer.concat(chunks.flatMap((chunk) => [headerOf(chunk), chunk.bytes]))
    const offset = this.#bytes
    await this.#use(async () => {
      for (let at = 0; at < bytes.byteLength; )
        at += (await this.#handle.write(bytes, at, bytes.byteLength - at, offset + at)).bytesWritten
    })
    this.#batches.push({ lastSeq: chunks.at(-1)!.seq, offset, length: bytes.byteLength })
    this.#bytes += bytes.byteLength
    this.outputBytes += chunks.reduce((sum, chunk) => sum + chunk.bytes.byteLength, 0)
    return bytes.byteLength
  }

  /** The chunks after `afterSeq` of the first batch that has any; none when there are none. */
  async read(afterSeq: number): Promise<OutputChunk[]> {
    const batch = this.#batches.find(({ lastSeq }) => lastSeq > afterSeq)
    if (!batch) return []
    const bytes = Buffer.allocUnsafe(batch.length)
    const { bytesRead } = await this.#use(() => this.#handle.read(bytes, 0, batch.length, batch.offset))
    return [...chunksIn(bytes.subarray(0, bytesRead))].filter(({ seq }) => seq > afterSeq)
  }

  /** Gives its place on disk back, once nobody is at it any more. */
  drop(): void {
    this.#isDropped = true
    this.#closeWhenUnused()
  }

  async #use<T>(work: () => Promise<T>): Promise<T> {
    this.#users++
    try {
      return await work()
    } finally {
      this.#users--
      this.#closeWhenUnused()
    }
  }

  #closeWhenUnused(): void {
    // Closed twice it would only fail; its data is nobody's any more.
    if (this.#isDropped && this.#users === 0) void this.#handle.close().catch(() => {})
  }
}

function headerOf({ seq, stream, bytes }: OutputChunk): Buffer {
  const header = Buffer.allocUnsafe(HEADER_BYTES)
  header.writeUIntLE(seq, 0, 6)
  header.writeUInt8(STREAMS.indexOf(stream), 6)
  header.writeUInt32LE(bytes.byteLength, 7)
  return header
}

function* chunksIn(bytes: Buffer): Generator<OutputChunk> {
  for (let at = 0; at + HEADER_BYTES <= bytes.byteLength; ) {
    const end = at + HEADER_BYTES + bytes.readUInt32LE(at + 7)
    const stream = STREAMS[bytes.readUInt8(at + 6)] ?? 'stdout'
    yield { seq: bytes.readUIntLE(at, 6), stream, bytes: bytes.subarray(at + HEADER_BYTES, end) }
    at = end
  }
}

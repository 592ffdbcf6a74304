import { readSync } from 'node:fs'
import { ReadStream } from 'node:tty'

/**
 * What a terminal shows, to the last byte. libuv takes the first short read after the last program has let go for the
 * end, and reads of a terminal are always short (4 KiB): up to 16 KiB would be lost. What is left is read here.
 */
export class Screen extends ReadStream {
  readonly #fd: number

  /** Owns the descriptor. */
  constructor(fd: number) {
    super(fd)
    this.#fd = fd
  }

  override push(chunk: Buffer | null, encoding?: BufferEncoding): boolean {
    if (chunk === null) for (const rest of restOf(this.#fd)) super.push(rest)
    return super.push(chunk, encoding)
  }
}

/** The end is an error (EIO): nobody holds the other side any more. */
function* restOf(fd: number): Generator<Buffer> {
  for (;;) {
    const buffer = Buffer.allocUnsafe(4096)
    let length = 0
    try {
      length = readSync(fd, buffer)
    } catch {
      return
    }
    if (length === 0) return
    yield buffer.subarray(0, length)
  }
}

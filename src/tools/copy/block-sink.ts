import type { Executor, OpenFile } from '../../protocol/executor.ts'
import type { CallOptions } from '../../util/signals.ts'
import { SMALL_BLOCKS } from './limits.ts'
import { openFile } from './open-file.ts'
import type { Sink } from './sink.ts'

/** A file that is made or truncated, and written block by block, several at a time: for executors that write blocks. */
export class BlockSink implements Sink {
  readonly pieceBytes = SMALL_BLOCKS.blockBytes
  readonly #file: OpenFile
  readonly #writes: Promise<void>[] = []
  #offset = 0
  #isClosed = false

  private constructor(file: OpenFile) {
    this.#file = file
  }

  static async open(executor: Executor, path: string, options: CallOptions): Promise<BlockSink> {
    return new BlockSink(await openFile(executor, path, 'replace', options))
  }

  async write(bytes: Uint8Array, options: CallOptions): Promise<void> {
    if (this.#writes.length >= SMALL_BLOCKS.inFlight) await this.#writes.shift()
    const write = this.#file.write(this.#offset, bytes, options)
    // Its failure is met where it is awaited, unless an earlier one ends it all.
    write.catch(() => {})
    this.#writes.push(write)
    this.#offset += bytes.byteLength
  }

  async end(): Promise<void> {
    while (this.#writes.length > 0) await this.#writes.shift()
    this.#isClosed = true
    await this.#file.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return
    await Promise.allSettled(this.#writes)
    // What failed before is the reason that counts.
    await this.#file.close().catch(() => {})
  }
}

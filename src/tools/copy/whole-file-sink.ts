import type { Executor } from '../../protocol/executor.ts'
import { BridgeError } from '../../util/errors.ts'
import type { CallOptions } from '../../util/signals.ts'
import { SMALL_BLOCKS } from './limits.ts'
import type { Sink } from './sink.ts'

/** It is kept in memory, once as bytes and once as text of a message. */
const MAX_BYTES = 16 * 1024 * 1024

/** A file written in one message: for executors that can neither write blocks nor run a shell. Only small files. */
export class WholeFileSink implements Sink {
  readonly pieceBytes = SMALL_BLOCKS.blockBytes
  readonly keepsHoles = false
  readonly #executor: Executor
  readonly #path: string
  readonly #maxBytes: number
  readonly #blocks: Uint8Array[] = []
  #bytes = 0

  constructor(executor: Executor, path: string) {
    this.#executor = executor
    this.#path = path
    this.#maxBytes = Math.min(MAX_BYTES, executor.features.maxWriteFileBytes)
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#blocks.push(bytes)
    this.#bytes += bytes.byteLength
    if (this.#bytes > this.#maxBytes)
      throw new BridgeError(
        'invalid_input',
        `that executor takes files of at most ${this.#maxBytes} bytes: it can neither write blocks nor run a POSIX shell`,
      )
  }

  end(options: CallOptions): Promise<void> {
    return this.#executor.writeFile(this.#path, Buffer.concat(this.#blocks), options)
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

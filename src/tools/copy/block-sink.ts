import type { Executor, OpenFile } from '../../protocol/executor.ts'
import { BridgeError } from '../../util/errors.ts'
import { type CallOptions, throwIfAborted } from '../../util/signals.ts'
import { openAppender } from './appender.ts'
import type { FedProcess } from './fed-process.ts'
import { SMALL_BLOCKS } from './limits.ts'
import { hasShell } from './machine.ts'
import { openFile } from './open-file.ts'
import type { Sink } from './sink.ts'

interface Block {
  readonly offset: number
  readonly bytes: Uint8Array
  readonly written: Promise<void>
}

/**
 * A file that is made or truncated, and written block by block, several at a time: for executors that write blocks. A file that
 * was open does not survive a lost connection, so the rest then goes through a process that appends, which does.
 */
export class BlockSink implements Sink {
  readonly pieceBytes = SMALL_BLOCKS.blockBytes
  readonly #executor: Executor
  readonly #path: string
  readonly #isSparse: boolean
  readonly #file: OpenFile
  /** Not acknowledged yet, in order. */
  readonly #blocks: Block[] = []
  #offset = 0
  #endsInHole = false
  #isClosed = false
  #rest: FedProcess | undefined

  private constructor(
    { executor, path, isSparse }: { executor: Executor; path: string; isSparse: boolean },
    file: OpenFile,
  ) {
    this.#executor = executor
    this.#path = path
    this.#isSparse = isSparse
    this.#file = file
  }

  /** `isSparse`: blocks of zeros become holes. */
  static async open(
    executor: Executor,
    path: string,
    { isSparse }: { isSparse: boolean },
    options: CallOptions,
  ): Promise<BlockSink> {
    return new BlockSink({ executor, path, isSparse }, await openFile(executor, path, 'replace', options))
  }

  get keepsHoles(): boolean {
    return !this.#rest
  }

  async write(bytes: Uint8Array, options: CallOptions): Promise<void> {
    if (this.#blocks.length >= SMALL_BLOCKS.inFlight) await this.#settleOldest(options)
    if (this.#rest) return this.#rest.write(bytes, options)
    this.#endsInHole = this.#isSparse && isZero(bytes)
    if (this.#endsInHole) this.#offset += bytes.byteLength
    else this.#send(bytes, options)
  }

  #send(bytes: Uint8Array, options: CallOptions): void {
    const written = this.#file.write(this.#offset, bytes, options)
    // Its failure is met where it is awaited, unless an earlier one ends it all.
    written.catch(() => {})
    this.#blocks.push({ offset: this.#offset, bytes, written })
    this.#offset += bytes.byteLength
  }

  async end(options: CallOptions): Promise<void> {
    if (this.#endsInHole) {
      // A hole at the end is part of the file when its last byte is written.
      this.#offset--
      this.#send(new Uint8Array(1), options)
    }
    while (this.#blocks.length > 0) await this.#settleOldest(options)
    this.#isClosed = true
    await this.#file.close()
    await this.#rest?.end(options)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#rest?.[Symbol.asyncDispose]()
    if (this.#isClosed) return
    await Promise.allSettled(this.#blocks.map(({ written }) => written))
    // What failed before is the reason that counts.
    await this.#file.close().catch(() => {})
  }

  async #settleOldest(options: CallOptions): Promise<void> {
    const [oldest] = this.#blocks
    try {
      await oldest!.written
      this.#blocks.shift()
    } catch (error) {
      throwIfAborted(options.signal)
      const isLost = BridgeError.from(error).code === 'unavailable'
      if (!isLost || !hasShell(this.#executor)) throw error
      await this.#goOn(oldest!.offset, options)
    }
  }

  /** Appends what was not acknowledged to what was. Blocks after the first that failed may have been written: the file is cut before it. */
  async #goOn(offset: number, options: CallOptions): Promise<void> {
    this.#rest = await openAppender(this.#executor, this.#path, offset, options)
    for (const { bytes } of this.#blocks.splice(0)) await this.#rest.write(bytes, options)
  }
}

/** Byte by byte in JavaScript it would take longer than all else of a copy. */
function isZero(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.byteLength; at += ZEROS.byteLength) {
    const part = bytes.subarray(at, at + ZEROS.byteLength)
    if (!ZEROS.subarray(0, part.byteLength).equals(part)) return false
  }
  return true
}

const ZEROS = Buffer.alloc(64 * 1024)

import { Base64 } from '../protocol/base64.ts'
import type { OpenFile } from '../protocol/executor.ts'
import { PROTOCOL_LIMITS } from '../protocol/methods.ts'
import { joinBytes } from '../util/join-bytes.ts'
import type { CallOptions } from '../util/signals.ts'
import type { Connection } from './connection.ts'
import { attempt } from './errors.ts'

/** A file that is open on the machine, read or written in blocks. Several may be under way at once. */
export class RemoteFile implements OpenFile {
  readonly #connection: Connection
  readonly #handleId: string
  readonly #path: string

  constructor(connection: Connection, handleId: string, path: string) {
    this.#connection = connection
    this.#handleId = handleId
    this.#path = JSON.stringify(path)
  }

  async read(
    offset: number,
    length: number,
    options: CallOptions = {},
  ): Promise<{ bytes: Uint8Array; eof: boolean }> {
    const blocks: Uint8Array[] = []
    for (let at = offset; ; ) {
      const len = Math.min(offset + length - at, PROTOCOL_LIMITS.blockBytes)
      if (len <= 0) return { bytes: joinBytes(blocks), eof: false }
      const { chunk, eof } = await attempt(`Cannot read ${this.#path}`, 'none', () =>
        this.#connection.call('fs/readBlock', { handleId: this.#handleId, offset: at, len }, options),
      )
      const block = Buffer.from(chunk, 'base64')
      blocks.push(block)
      at += block.byteLength
      if (eof || block.byteLength === 0) return { bytes: joinBytes(blocks), eof: true }
    }
  }

  async write(offset: number, bytes: Uint8Array, options: CallOptions = {}): Promise<void> {
    const { blockBytes } = PROTOCOL_LIMITS
    for (let at = 0; at < bytes.byteLength; at += blockBytes) {
      const chunk = new Base64(bytes.subarray(at, at + blockBytes))
      await attempt(`Cannot write ${this.#path}`, 'unknown', () =>
        this.#connection.call(
          'fs/writeBlock',
          { handleId: this.#handleId, offset: offset + at, chunk },
          options,
        ),
      )
    }
  }

  /** A connection that is lost has closed it. */
  async close(): Promise<void> {
    if (this.#connection.closedReason) return
    await attempt(`Cannot close ${this.#path}`, 'none', () =>
      this.#connection.call('fs/close', { handleId: this.#handleId }),
    )
  }
}

import { randomUUID } from 'node:crypto'
import type { OpenFile } from '../protocol/executor.ts'
import { PROTOCOL_LIMITS } from '../protocol/methods.ts'
import { Base64 } from '../rpc/base64.ts'
import { RpcError } from '../rpc/peer.ts'
import { BridgeError } from '../util/errors.ts'
import { joinBytes } from '../util/join-bytes.ts'
import type { CallOptions } from '../util/signals.ts'
import { ConnectionLost } from './call-failure.ts'
import type { DurableConnection } from './durable-connection.ts'
import { attempt } from './errors.ts'

export interface RemoteFileRequest {
  /** As the executor wants it. */
  readonly wirePath: string
  /** As messages name it. */
  readonly path: string
  readonly mode: 'read' | 'replace'
}

/** A handle, and the connection on which it means something. */
interface Handle {
  readonly handleId: string
  readonly epoch: number
}

/**
 * A file that is open on the machine, read or written in blocks. Several may be under way at once. Its handle ends with the
 * connection: for reading it is opened again; for writing never, since that would truncate it, so its writer must go on otherwise.
 */
export class RemoteFile implements OpenFile {
  readonly #connection: DurableConnection
  readonly #request: RemoteFileRequest
  readonly #path: string
  #handle: Promise<Handle>

  private constructor(connection: DurableConnection, request: RemoteFileRequest, handle: Handle) {
    this.#connection = connection
    this.#request = request
    this.#path = JSON.stringify(request.path)
    this.#handle = Promise.resolve(handle)
  }

  /** Opens it. Rejects as `DurableConnection.call`. */
  static async open(
    connection: DurableConnection,
    request: RemoteFileRequest,
    options: CallOptions,
  ): Promise<RemoteFile> {
    return new RemoteFile(connection, request, await openHandle(connection, request, options))
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
        this.#readBlock(at, len, options),
      )
      const block = chunk.bytes
      blocks.push(block)
      at += block.byteLength
      if (eof || block.byteLength === 0) return { bytes: joinBytes(blocks), eof: true }
    }
  }

  /** `unavailable` when the connection was lost: what was written is there, what was on the way may be, and no more can be. */
  async write(offset: number, bytes: Uint8Array, options: CallOptions = {}): Promise<void> {
    const { blockBytes } = PROTOCOL_LIMITS
    for (let at = 0; at < bytes.byteLength; at += blockBytes) {
      const chunk = new Base64(bytes.subarray(at, at + blockBytes))
      await attempt(`Cannot write ${this.#path}`, { check: 'what the file holds' }, async () => {
        const { handleId, epoch } = await this.#handle
        const block = { handleId, offset: offset + at, chunk }
        await this.#connection.call('fs/writeBlock', block, { ...options, epoch })
      })
    }
  }

  /** A connection that is lost has closed it. */
  async close(): Promise<void> {
    const { handleId, epoch } = await this.#handle
    try {
      await attempt(`Cannot close ${this.#path}`, 'none', () =>
        this.#connection.call('fs/close', { handleId }, { epoch }),
      )
    } catch (error) {
      if (!isLost(error)) throw error
    }
  }

  async #readBlock(
    offset: number,
    len: number,
    options: CallOptions,
  ): Promise<{ chunk: Base64; eof: boolean }> {
    for (;;) {
      const handle = this.#handle
      const { handleId, epoch } = await handle
      try {
        return await this.#connection.call('fs/readBlock', { handleId, offset, len }, { ...options, epoch })
      } catch (error) {
        if (this.#connection.closedReason || !(error instanceof ConnectionLost)) throw error
      }
      await this.#reopen(handle)
    }
  }

  /** Once for all who read. Not bound to any of them: the others wait for it too. */
  async #reopen(lost: Promise<Handle>): Promise<void> {
    if (this.#handle === lost) {
      this.#handle = openHandle(this.#connection, this.#request, {})
      this.#handle.catch(() => {})
    }
    await this.#handle
  }
}

async function openHandle(
  connection: DurableConnection,
  { wirePath, mode }: RemoteFileRequest,
  options: CallOptions,
): Promise<Handle> {
  const handleId = randomUUID().replaceAll('-', '')
  // Executors that cannot write blocks ignore `mode`, and those before them refuse it.
  const params = { handleId, path: wirePath, ...(mode === 'replace' ? { mode } : {}) }
  try {
    await connection.call('fs/open', params, options)
  } catch (error) {
    // A random id: who has it is this file.
    if (error instanceof RpcError && /handle .* (already )?exists/.test(error.message))
      return { handleId, epoch: connection.epoch }
    // One that was given up may be open after all, and counts against the 128 of a connection.
    if (options.signal?.aborted) void connection.call('fs/close', { handleId }).catch(() => {})
    throw error
  }
  return { handleId, epoch: connection.epoch }
}

/** What an operation on a file fails with when its connection, and so its handle, is lost. */
export function isLost(error: unknown): boolean {
  return (
    error instanceof BridgeError && (error instanceof ConnectionLost || error.cause instanceof ConnectionLost)
  )
}

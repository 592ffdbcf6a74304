import type { FileHandle } from 'node:fs/promises'
import type { OpenFile } from '../protocol/executor.ts'
import { type CallOptions, callScope, throwIfAborted } from '../util/signals.ts'
import { openReadable, openWritable } from './open-place.ts'
import type { Places } from './places.ts'
import { attempt } from './refusal.ts'

/** Opens a file of this machine for windows or blocks; see `Executor.open`. */
export async function openFile(places: Places, path: string, mode: 'read' | 'replace'): Promise<OpenFile> {
  const action = `Cannot open ${JSON.stringify(path)}`
  const open = mode === 'read' ? openReadable : openWritable
  const file = await open(places, path, action)
  return new LocalFile(file, path)
}

/** What one call of the system reads or writes: between them a caller may give up. */
const PIECE_BYTES = 1024 * 1024

class LocalFile implements OpenFile {
  readonly #file: FileHandle
  readonly #path: string
  #closing: Promise<void> | undefined

  constructor(file: FileHandle, path: string) {
    this.#file = file
    this.#path = JSON.stringify(path)
  }

  async read(offset: number, length: number, options: CallOptions = {}) {
    using scope = callScope(options, `Reading ${this.#path}`)
    const pieces: Buffer[] = []
    let total = 0
    for (; total < length; total += pieces.at(-1)!.length) {
      throwIfAborted(scope.signal)
      const buffer = Buffer.allocUnsafe(Math.min(length - total, PIECE_BYTES))
      const { bytesRead } = await attempt(`Cannot read ${this.#path}`, () =>
        this.#file.read(buffer, 0, buffer.length, offset + total),
      )
      if (bytesRead === 0) return { bytes: Buffer.concat(pieces), eof: true }
      pieces.push(buffer.subarray(0, bytesRead))
    }
    const { size } = await this.#file.stat()
    // Files of /proc say that they have no size: there the end is found by reading on.
    return { bytes: Buffer.concat(pieces), eof: size > 0 && offset + total >= size }
  }

  async write(offset: number, bytes: Uint8Array, options: CallOptions = {}): Promise<void> {
    using scope = callScope(options, `Writing ${this.#path}`)
    for (let at = 0; at < bytes.byteLength; ) {
      throwIfAborted(scope.signal)
      const length = Math.min(bytes.byteLength - at, PIECE_BYTES)
      const { bytesWritten } = await attempt(`Cannot write ${this.#path}`, () =>
        this.#file.write(bytes, at, length, offset + at),
      )
      at += bytesWritten
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#file.close()
    return this.#closing
  }
}

import type { DirectoryEntry, ExecutorFeatures, FileMetadata, OpenFile } from '../protocol/executor.ts'
import { pathFromWire } from '../protocol/paths.ts'
import { Base64 } from '../rpc/base64.ts'
import { BridgeError } from '../util/errors.ts'
import { type CallOptions, callScope } from '../util/signals.ts'
import type { Dialect } from './dialect.ts'
import type { DurableConnection } from './durable-connection.ts'
import { attempt, isUnknownMethod } from './errors.ts'
import { canonicalizeByProcess, openByProcess, renameByProcess } from './fallbacks.ts'
import { entryFrom, metadataFrom } from './file-results.ts'
import { BRIDGE_LIMITS } from './limits.ts'
import type { Processes } from './processes.ts'
import { readInWindows } from './read-in-windows.ts'
import { isLost, RemoteFile } from './remote-file.ts'
import { type Look, lookBy, SETTLE, settle } from './settle.ts'

/** What the files of one machine are reached by. `processes` runs the fallbacks of executors that are too old. */
export interface FilesOptions {
  readonly connection: DurableConnection
  readonly dialect: Dialect
  readonly features: ExecutorFeatures
  readonly processes: Processes
}

/** The files of a machine; see `Executor` for what each method promises. */
export class Files {
  readonly #connection: DurableConnection
  readonly #dialect: Dialect
  readonly #features: ExecutorFeatures
  readonly #processes: Processes

  constructor({ connection, dialect, features, processes }: FilesOptions) {
    this.#connection = connection
    this.#dialect = dialect
    this.#features = features
    this.#processes = processes
  }

  /** In one request when it is small; in windows when not, so that other calls come through between them. */
  async readFile(path: string, options: CallOptions & { maxBytes?: number } = {}): Promise<Uint8Array> {
    const { maxBytes = Number.POSITIVE_INFINITY } = options
    using scope = callScope(options, `Reading ${quote(path)}`)
    const within = { signal: scope.signal }
    const { kind, size } = await this.metadata(path, within)
    if (kind !== 'file')
      throw new BridgeError('conflict', `Cannot read ${quote(path)}: it is ${A_KIND[kind]}`)
    checkSize(path, size ?? 0, maxBytes)
    const isSmall = size !== undefined && size <= BRIDGE_LIMITS.wholeReadBytes
    const bytes = await (isSmall ? this.#readWhole(path, within) : this.#readWindows(path, maxBytes, within))
    checkSize(path, bytes.byteLength, maxBytes)
    return bytes
  }

  /** In one request, or in blocks when it is large and the executor takes them. */
  async writeFile(path: string, bytes: Uint8Array, options: CallOptions = {}): Promise<void> {
    const { writeBlocks, maxWriteFileBytes } = this.#features
    if (bytes.byteLength > maxWriteFileBytes)
      throw new BridgeError(
        'invalid_input',
        `Cannot write ${quote(path)}: it has ${bytes.byteLength} bytes, this executor takes files of up to ${maxWriteFileBytes}`,
      )
    if (writeBlocks && bytes.byteLength > BRIDGE_LIMITS.wholeWriteBytes)
      return this.#writeInBlocks(path, bytes, options)
    const params = { path: this.#dialect.encode(path), dataBase64: new Base64(bytes) }
    await attempt(`Cannot write ${quote(path)}`, { check: 'what the file holds' }, () =>
      this.#connection.call('fs/writeFile', params, options),
    )
  }

  async hash(path: string, options: CallOptions = {}): Promise<string> {
    const action = `Cannot hash ${quote(path)}`
    if (!this.#features.hash) throw new BridgeError('conflict', `${action}: this executor cannot`)
    const params = { path: this.#dialect.encode(path) }
    return (await attempt(action, 'none', () => this.#connection.call('fs/hash', params, options))).sha256
  }

  async open(path: string, mode: 'read' | 'replace', options: CallOptions = {}): Promise<OpenFile> {
    const { readBlocks, writeBlocks } = this.#features
    if (mode === 'read' && !readBlocks) {
      await this.#requireFile(path, options)
      return openByProcess(this.#processes, path)
    }
    const action = `Cannot open ${quote(path)}`
    if (mode === 'replace' && !writeBlocks)
      throw new BridgeError(
        'conflict',
        `${action} for writing blocks: this executor (codex before 0.162) takes whole files only`,
      )
    const request = { wirePath: this.#dialect.encode(path), path, mode }
    return attempt(action, mode === 'read' ? 'none' : { check: 'what the file holds' }, () =>
      RemoteFile.open(this.#connection, request, options),
    )
  }

  async metadata(path: string, options: CallOptions = {}): Promise<FileMetadata> {
    const params = { path: this.#dialect.encode(path) }
    const found = await attempt(`Cannot look at ${quote(path)}`, 'none', () =>
      this.#connection.call('fs/getMetadata', params, options),
    )
    return metadataFrom(found)
  }

  async list(path: string, options: CallOptions = {}): Promise<DirectoryEntry[]> {
    const params = { path: this.#dialect.encode(path) }
    const { entries } = await attempt(`Cannot list ${quote(path)}`, 'none', () =>
      this.#connection.call('fs/readDirectory', params, options),
    )
    return entries.map(entryFrom)
  }

  async createDirectory(
    path: string,
    request: { recursive: boolean },
    options: CallOptions = {},
  ): Promise<void> {
    const params = { path: this.#dialect.encode(path), recursive: request.recursive }
    await attempt(`Cannot make directory ${quote(path)}`, { check: 'whether it is there' }, () =>
      settle(
        () => this.#connection.call('fs/createDirectory', params, options),
        () => SETTLE.createDirectory(this.#look(options), path, request.recursive),
        options,
      ),
    )
  }

  async remove(
    path: string,
    { recursive, force }: { recursive: boolean; force: boolean },
    options: CallOptions = {},
  ): Promise<void> {
    // Both are always said: left out, they are `rm -rf`.
    const params = { path: this.#dialect.encode(path), recursive, force }
    await attempt(`Cannot remove ${quote(path)}`, { check: 'what is left of it' }, () =>
      settle(
        () => this.#connection.call('fs/remove', params, options),
        () => SETTLE.remove(this.#look(options), path),
        options,
      ),
    )
  }

  async copy(
    from: string,
    to: string,
    request: { recursive: boolean },
    options: CallOptions = {},
  ): Promise<void> {
    const paths = { sourcePath: this.#dialect.encode(from), destinationPath: this.#dialect.encode(to) }
    await attempt(`Cannot copy ${quote(from)} to ${quote(to)}`, { check: 'both paths' }, () =>
      settle(
        () => this.#connection.call('fs/copy', { ...paths, recursive: request.recursive }, options),
        () => SETTLE.copy(this.#look(options), from),
        options,
      ),
    )
  }

  async rename(from: string, to: string, options: CallOptions = {}): Promise<void> {
    const paths = { sourcePath: this.#dialect.encode(from), destinationPath: this.#dialect.encode(to) }
    if (!this.#features.rename) return renameByProcess(this.#processes, this, { from, to }, options)
    await attempt(`Cannot rename ${quote(from)} to ${quote(to)}`, { check: 'both paths' }, () =>
      settle(
        () => this.#connection.call('fs/rename', paths, options),
        () => SETTLE.rename(this.#look(options), from, to),
        options,
      ),
    )
  }

  async canonicalize(path: string, options: CallOptions = {}): Promise<string> {
    const params = { path: this.#dialect.encode(path) }
    const action = `Cannot resolve ${quote(path)}`
    return attempt(action, 'none', async () => {
      try {
        return pathFromWire((await this.#connection.call('fs/canonicalize', params, options)).path)
      } catch (error) {
        if (!isUnknownMethod(error)) throw error
        await this.metadata(path, options)
        return canonicalizeByProcess(this.#processes, path, options)
      }
    })
  }

  async #readWhole(path: string, options: CallOptions): Promise<Uint8Array> {
    const params = { path: this.#dialect.encode(path) }
    const { dataBase64 } = await attempt(`Cannot read ${quote(path)}`, 'none', () =>
      this.#connection.call('fs/readFile', params, options),
    )
    return dataBase64.bytes
  }

  async #readWindows(path: string, maxBytes: number, options: CallOptions): Promise<Uint8Array> {
    const file = await this.open(path, 'read', options)
    try {
      return await readInWindows(file, maxBytes, options)
    } finally {
      await file.close()
    }
  }

  async #writeInBlocks(path: string, bytes: Uint8Array, options: CallOptions): Promise<void> {
    using scope = callScope(options, `Writing ${quote(path)}`)
    const within = { signal: scope.signal }
    // All of it is here, so when the handle is lost it is written again from the start.
    while (!(await this.#wroteBlocks(path, bytes, within)));
  }

  async #wroteBlocks(path: string, bytes: Uint8Array, options: CallOptions): Promise<boolean> {
    const file = await this.open(path, 'replace', options)
    try {
      await file.write(0, bytes, options)
      return true
    } catch (error) {
      if (!isLost(error) || this.#connection.closedReason) throw error
      return false
    } finally {
      await file.close()
    }
  }

  #look(options: CallOptions): Look {
    return lookBy((path) => this.metadata(path, options))
  }

  async #requireFile(path: string, options: CallOptions): Promise<void> {
    const { kind } = await this.metadata(path, options)
    if (kind !== 'file')
      throw new BridgeError('conflict', `Cannot open ${quote(path)}: it is ${A_KIND[kind]}`)
  }
}

const A_KIND = { file: 'a file', directory: 'a directory', other: 'neither a file nor a directory' } as const

function checkSize(path: string, size: number, maxBytes: number): void {
  if (size > maxBytes)
    throw new BridgeError(
      'invalid_input',
      `Cannot read ${quote(path)}: it has over ${maxBytes} bytes, the most that was asked for`,
    )
}

function quote(path: string): string {
  return JSON.stringify(path)
}

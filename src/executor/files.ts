import { createHash } from 'node:crypto'
import type { Dirent, Stats } from 'node:fs'
import { lstat, mkdir, readdir, rename, stat } from 'node:fs/promises'
import type { DirectoryEntry, FileMetadata, OpenFile } from '../protocol/executor.ts'
import { pathFromBytes } from '../protocol/paths.ts'
import { throwIfAborted } from '../util/signals.ts'
import { copyTree } from './copy-tree.ts'
import { openFile } from './open-file.ts'
import { inDirectory, openReadable, openWritable } from './open-place.ts'
import { entryPath, type Places } from './places.ts'
import { realPath } from './real-path.ts'
import { attempt, Refusal, systemCodeOf } from './refusal.ts'
import { removeTree } from './remove-tree.ts'
import { isReplaceable } from './replaceable.ts'
import { type Walk, type WalkLimits, walk } from './walk.ts'

const PIECE_BYTES = 4096
const MAX_PIECE_BYTES = 16 * 1024 * 1024
/** Hashed in 1 ms or two: others wait no longer. */
const HASH_PIECE_BYTES = 1024 * 1024

/** The file methods of `Executor` on this machine, at the places that there are. Each takes absolute paths as text. */
export class LocalFiles {
  readonly #places: Places

  constructor(places: Places) {
    this.#places = places
  }

  /** Reads to the end, also what grows meanwhile or has no size (`/proc`), but no more than `maxBytes`. */
  async readFile(path: string, maxBytes = Number.POSITIVE_INFINITY): Promise<Uint8Array> {
    const action = `Cannot read ${quote(path)}`
    await using file = await openReadable(this.#places, path, action)
    const { size } = await file.stat()
    const tooLarge = () =>
      new Refusal('invalid_input', action, `file is too large: limit is ${maxBytes} bytes`)
    if (size > maxBytes) throw tooLarge()
    const pieces: Buffer[] = []
    let total = 0
    for (;;) {
      // One byte more than the size says: then the end is found by the first read.
      const room = Math.max(PIECE_BYTES, size - total + 1)
      const buffer = Buffer.allocUnsafe(Math.min(room, MAX_PIECE_BYTES))
      const { bytesRead } = await attempt(action, () => file.read(buffer, 0, buffer.length, null))
      if (bytesRead === 0) return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)
      total += bytesRead
      if (total > maxBytes) throw tooLarge()
      pieces.push(buffer.subarray(0, bytesRead))
    }
  }

  async writeFile(path: string, bytes: Uint8Array): Promise<void> {
    const action = `Cannot write ${quote(path)}`
    await using file = await openWritable(this.#places, path, action)
    await attempt(action, () => file.writeFile(bytes))
  }

  open(path: string, mode: 'read' | 'replace'): Promise<OpenFile> {
    return openFile(this.#places, path, mode)
  }

  /** The sha256 of all that can be read, in hex. */
  async hash(path: string, signal: AbortSignal): Promise<string> {
    const action = `Cannot read ${quote(path)}`
    await using file = await openReadable(this.#places, path, action)
    const hash = createHash('sha256')
    const buffer = Buffer.allocUnsafe(HASH_PIECE_BYTES)
    for (;;) {
      throwIfAborted(signal)
      const { bytesRead } = await attempt(action, () => file.read(buffer, 0, buffer.length, null))
      if (bytesRead === 0) return hash.digest('hex')
      hash.update(buffer.subarray(0, bytesRead))
    }
  }

  metadata(path: string): Promise<FileMetadata> {
    return attempt(`Cannot look at ${quote(path)}`, async () => {
      const itself = await this.#places.at(path, 'keep', (place) => lstat(place.path))
      const found = itself.isSymbolicLink() ? await this.#target(path) : itself
      return {
        kind: kindOf(found),
        isSymlink: itself.isSymbolicLink(),
        size: found.size,
        modifiedMs: Math.floor(found.mtimeMs),
        mode: found.mode & 0o7777,
        replaceable: isReplaceable(itself),
      }
    })
  }

  /** A link is what it leads to; one that leads nowhere is `other`. */
  list(path: string): Promise<DirectoryEntry[]> {
    return attempt(`Cannot list ${quote(path)}`, async () => {
      const read = (held: Buffer) => readdir(held, { withFileTypes: true, encoding: 'buffer' })
      const entries = await this.#places.at(path, 'follow', (place) =>
        inDirectory(this.#places, place.path, read),
      )
      return Promise.all(
        entries.map(async (entry) => ({
          name: pathFromBytes(entry.name),
          kind: kindOf(entry.isSymbolicLink() ? await this.#targetOr(path, entry) : entry),
        })),
      )
    })
  }

  async createDirectory(path: string, { recursive }: { recursive: boolean }): Promise<void> {
    await attempt(`Cannot make directory ${quote(path)}`, () =>
      recursive && this.#places.isConfined ? this.#makeParents(path) : this.#makeDirectory(path, recursive),
    )
  }

  async remove(path: string, request: { recursive: boolean; force: boolean }): Promise<void> {
    const action = `Cannot remove ${quote(path)}`
    await attempt(action, async () => {
      try {
        await removeTree(this.#places, path, { recursive: request.recursive, action })
      } catch (error) {
        if (!request.force || systemCodeOf(error) !== 'ENOENT') throw error
      }
    })
  }

  /** Renames over what is there, as the system does. */
  async rename(from: string, to: string): Promise<void> {
    await attempt(`Cannot rename ${quote(from)} to ${quote(to)}`, () =>
      this.#places.at(from, 'keep', (source) =>
        this.#places.at(to, 'keep', (destination) => rename(source.path, destination.path)),
      ),
    )
  }

  copy(from: string, to: string, request: { recursive: boolean; signal: AbortSignal }): Promise<void> {
    return copyTree(this.#places, from, to, request)
  }

  /** Rejects when the directory itself cannot be read. */
  walk(path: string, limits: WalkLimits, signal: AbortSignal): Promise<Walk> {
    return attempt(`Cannot walk through ${quote(path)}`, async () => {
      const found = await this.#target(path)
      if (!found.isDirectory())
        throw new Refusal('conflict', `Cannot walk through ${quote(path)}`, 'it is not a directory')
      return walk(this.#places, path, limits, signal)
    })
  }

  canonicalize(path: string): Promise<string> {
    return attempt(`Cannot resolve ${quote(path)}`, () => realPath(this.#places, path))
  }

  async #makeDirectory(path: string, recursive: boolean): Promise<void> {
    await this.#places.at(path, recursive ? 'follow' : 'keep', (place) => mkdir(place.path, { recursive }))
  }

  /** From the top on, so that each is made in one that was looked at. */
  async #makeParents(path: string): Promise<void> {
    try {
      await this.#makeDirectory(path, false)
    } catch (error) {
      const code = systemCodeOf(error)
      if (code === 'EEXIST' && kindOf(await this.#target(path)) === 'directory') return
      const parent = path.slice(0, path.lastIndexOf('/'))
      if (code !== 'ENOENT' || parent === '' || parent === path) throw error
      await this.#makeParents(parent)
      await this.#makeDirectory(path, false)
    }
  }

  /** What a path leads to. Where places are confined, what it leads to is no link, however fast somebody is. */
  #target(path: string): Promise<Stats> {
    const look = this.#places.isConfined ? lstat : stat
    return this.#places.at(path, 'follow', (place) => look(place.path))
  }

  async #targetOr(directory: string, entry: Dirent<Buffer>): Promise<Stats | Dirent<Buffer>> {
    try {
      return await this.#target(entryPath(directory, entry.name))
    } catch {
      return entry // it leads nowhere, or where nobody may go
    }
  }
}

/** A path for a message. */
export function quote(path: string): string {
  return JSON.stringify(path)
}

function kindOf(found: Pick<Stats, 'isFile' | 'isDirectory'>): FileMetadata['kind'] {
  if (found.isDirectory()) return 'directory'
  return found.isFile() ? 'file' : 'other'
}

import { createHash } from 'node:crypto'
import { constants, type Dirent, type Stats } from 'node:fs'
import {
  type FileHandle,
  lstat,
  mkdir,
  open,
  readdir,
  realpath,
  rename,
  rm,
  rmdir,
  stat,
  unlink,
} from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import type { DirectoryEntry, FileMetadata } from '../protocol/executor.ts'
import { bytesFromPath, pathFromBytes } from '../protocol/paths.ts'
import { BridgeError } from '../util/errors.ts'
import { throwIfAborted } from '../util/signals.ts'
import { attempt, Refusal, systemCodeOf } from './refusal.ts'
import { isReplaceable } from './replaceable.ts'

// The file methods of `Executor`, on this machine. Each takes an absolute path as text.

/** The bytes of a path for node:fs. Throws `invalid_input` on one that is not absolute, or that no file can have. */
export function systemPath(path: string): Buffer {
  if (isAbsolute(path)) return bytesFromPath(path)
  throw new BridgeError('invalid_input', `Path ${quote(path)} is not absolute`)
}

/** A path for a message. */
export function quote(path: string): string {
  return JSON.stringify(path)
}

/** Reads to the end, also what grows meanwhile or has no size (`/proc`), but no more than `maxBytes`. */
export async function readFile(path: string, maxBytes = Number.POSITIVE_INFINITY): Promise<Uint8Array> {
  const action = `Cannot read ${quote(path)}`
  await using file = await openReadable(path, action)
  const { size } = await file.stat()
  const tooLarge = () => new Refusal('invalid_input', action, `file is too large: limit is ${maxBytes} bytes`)
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

const PIECE_BYTES = 4096
const MAX_PIECE_BYTES = 16 * 1024 * 1024

export async function writeFile(path: string, bytes: Uint8Array): Promise<void> {
  const action = `Cannot write ${quote(path)}`
  await using file = await openWritable(path, action)
  await attempt(action, () => file.writeFile(bytes))
}

/** The sha256 of all that can be read, in hex. */
export async function hashFile(path: string, signal: AbortSignal): Promise<string> {
  const action = `Cannot read ${quote(path)}`
  await using file = await openReadable(path, action)
  const hash = createHash('sha256')
  const buffer = Buffer.allocUnsafe(HASH_PIECE_BYTES)
  for (;;) {
    throwIfAborted(signal)
    const { bytesRead } = await attempt(action, () => file.read(buffer, 0, buffer.length, null))
    if (bytesRead === 0) return hash.digest('hex')
    hash.update(buffer.subarray(0, bytesRead))
  }
}

/** Hashed in 1 ms or two: others wait no longer. */
const HASH_PIECE_BYTES = 1024 * 1024

export async function metadata(path: string): Promise<FileMetadata> {
  const bytes = systemPath(path)
  return attempt(`Cannot look at ${quote(path)}`, async () => {
    const [found, itself] = await Promise.all([stat(bytes), lstat(bytes)])
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
export async function list(path: string): Promise<DirectoryEntry[]> {
  const bytes = systemPath(path)
  return attempt(`Cannot list ${quote(path)}`, async () => {
    const entries = await readdir(bytes, { withFileTypes: true, encoding: 'buffer' })
    return Promise.all(
      entries.map(async (entry) => ({
        name: pathFromBytes(entry.name),
        kind: kindOf(entry.isSymbolicLink() ? await targetOf(childPath(bytes, entry.name), entry) : entry),
      })),
    )
  })
}

export async function createDirectory(path: string, { recursive }: { recursive: boolean }): Promise<void> {
  const bytes = systemPath(path)
  await attempt(`Cannot make directory ${quote(path)}`, () => mkdir(bytes, { recursive }))
}

export async function remove(
  path: string,
  { recursive, force }: { recursive: boolean; force: boolean },
): Promise<void> {
  const bytes = systemPath(path)
  await attempt(`Cannot remove ${quote(path)}`, async () => {
    try {
      const isDirectory = (await lstat(bytes)).isDirectory()
      if (!isDirectory) return await unlink(bytes)
      await (recursive ? rm(bytes, { recursive }) : rmdir(bytes))
    } catch (error) {
      if (!force || systemCodeOf(error) !== 'ENOENT') throw error
    }
  })
}

/** Renames over what is there, as the system does. */
export async function renameFile(from: string, to: string): Promise<void> {
  const [source, destination] = [systemPath(from), systemPath(to)]
  await attempt(`Cannot rename ${quote(from)} to ${quote(to)}`, () => rename(source, destination))
}

export async function canonicalize(path: string): Promise<string> {
  const bytes = systemPath(path)
  const found = await attempt(`Cannot resolve ${quote(path)}`, () => realpath(bytes, { encoding: 'buffer' }))
  return pathFromBytes(found)
}

/** Opens what can be read to an end: neither a directory nor a pipe, which would wait for somebody to write. */
export async function openReadable(path: string, action: string) {
  const bytes = systemPath(path)
  const file = await attempt(action, () => open(bytes, constants.O_RDONLY | NO_WAIT))
  return requireFile(file, action)
}

/** Opens for writing in place: made or emptied, its mode kept, links followed. */
export async function openWritable(path: string, action: string) {
  const bytes = systemPath(path)
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | NO_WAIT
  const file = await attempt(action, () => open(bytes, flags, 0o666))
  return requireFile(file, action)
}

/** Opening a named pipe must not wait for its other end: all of Node's file calls share four threads. */
const NO_WAIT = constants.O_NONBLOCK ?? 0

async function requireFile(file: FileHandle, action: string): Promise<FileHandle> {
  const found = await file.stat()
  const isStream = found.isFIFO() || found.isSocket()
  if (!isStream && !found.isDirectory()) return file
  await file.close()
  throw new Refusal('conflict', action, isStream ? 'it is a named pipe' : 'it is a directory')
}

/** The path of an entry of a directory. */
export function childPath(directory: Buffer, name: Buffer): Buffer {
  return Buffer.concat([directory, Buffer.from('/'), name])
}

async function targetOf(path: Buffer, entry: Dirent<Buffer>): Promise<Stats | Dirent<Buffer>> {
  try {
    return await stat(path)
  } catch {
    return entry // it leads nowhere
  }
}

function kindOf(found: Pick<Stats, 'isFile' | 'isDirectory'>): FileMetadata['kind'] {
  if (found.isDirectory()) return 'directory'
  return found.isFile() ? 'file' : 'other'
}

import fs from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { isReplaceable } from '../executor/replaceable.ts'
import { type Files, type Found, MAX_FILE_BYTES, notAFile, TOO_LARGE } from '../patch/files.ts'
import { BridgeError } from '../util/errors.ts'
import { replaceFile } from './replace-file.ts'
import { withReasons } from './system-reason.ts'

/**
 * The files of this machine. Every call does its work at once: a command has nothing else to do meanwhile. A slash at the end of a path
 * counts for nothing.
 */
export class LocalFiles implements Files {
  async look(path: string): Promise<Found | undefined> {
    const there = withReasons(() => fs.statSync(plain(path), { throwIfNoEntry: false }))
    return there && { kind: kindOf(there), size: there.size }
  }

  async read(path: string): Promise<Uint8Array> {
    // Opening a pipe would wait for a writer.
    const fd = withReasons(() => fs.openSync(plain(path), fs.constants.O_RDONLY | fs.constants.O_NONBLOCK))
    try {
      const there = fs.fstatSync(fd)
      if (!there.isFile()) throw new BridgeError('conflict', notAFile(plain(path)))
      if (there.size > MAX_FILE_BYTES) throw new BridgeError('invalid_input', TOO_LARGE)
      return withReasons(() => readAll(fd, there.size))
    } finally {
      fs.closeSync(fd)
    }
  }

  async write(path: string, bytes: Uint8Array, like?: string): Promise<void> {
    const mode = like === undefined ? undefined : withReasons(() => fs.statSync(plain(like)).mode)
    withReasons(() => replaceFile(plain(path), bytes, mode))
  }

  async rename(from: string, to: string): Promise<void> {
    if (withReasons(() => renameEntry(plain(from), plain(to)))) return
    await this.write(to, await this.read(from), from)
    withReasons(() => fs.unlinkSync(plain(from)))
  }

  async remove(path: string): Promise<void> {
    withReasons(() => {
      if (fs.statSync(plain(path)).isDirectory()) throw new BridgeError('conflict', notAFile(path))
      fs.unlinkSync(plain(path))
    })
  }

  async makeDirectory(path: string): Promise<void> {
    withReasons(() => fs.mkdirSync(path, { recursive: true }))
  }

  async identify(path: string): Promise<string> {
    return withReasons(() => realPath(plain(path)))
  }
}

function plain(path: string): string {
  return path.endsWith('/') && path !== '/' ? path.slice(0, -1) : path
}

function realPath(path: string): string {
  try {
    return fs.realpathSync(path)
  } catch (reason) {
    const parent = dirname(path)
    if (parent === path) throw reason
    return join(realPath(parent), basename(path))
  }
}

/** Some files do not know their size: they are read until they end. */
function readAll(fd: number, size: number): Uint8Array {
  if (size === 0) return fs.readFileSync(fd)
  const bytes = Buffer.allocUnsafe(size)
  let length = 0
  for (let got = -1; got !== 0 && length < size; length += got)
    got = fs.readSync(fd, bytes, length, size - length, null)
  return bytes.subarray(0, length)
}

/** False when the names alone cannot be changed: a link, a file that must keep its place, another file system. */
function renameEntry(from: string, to: string): boolean {
  if (fs.lstatSync(from).isSymbolicLink()) return false
  const there = fs.lstatSync(to, { throwIfNoEntry: false })
  if (there && !isReplaceable(there)) return false
  try {
    fs.renameSync(from, to)
    return true
  } catch (reason) {
    if ((reason as NodeJS.ErrnoException).code === 'EXDEV') return false
    throw reason
  }
}

function kindOf(there: fs.Stats): Found['kind'] {
  if (there.isFile()) return 'file'
  return there.isDirectory() ? 'directory' : 'other'
}

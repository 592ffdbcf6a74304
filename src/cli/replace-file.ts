import fs from 'node:fs'
import { dirname } from 'node:path'
import { isReplaceable } from '../executor/replaceable.ts'

/**
 * Gives a path this content. A plain file of ours is replaced at once, by a new one renamed over it; where that would lose
 * something (other names of the file, its owner, a link, a device) or cannot be done, it is written in place.
 */
export function replaceFile(path: string, bytes: Uint8Array, mode?: number): void {
  const there = fs.lstatSync(path, { throwIfNoEntry: false })
  const isReplaced = there && isReplaceable(there) && writeBeside(path, bytes, mode ?? there.mode)
  if (isReplaced) return
  writeInPlace(path, bytes, mode)
}

/** False when the directory does not let us; any other failure leaves the old file as it was. */
function writeBeside(path: string, bytes: Uint8Array, mode: number): boolean {
  const beside = openBeside(dirname(path), mode)
  if (!beside) return false
  try {
    try {
      writeAll(beside.fd, bytes, null)
      if ((mode & 0o7777) !== (mode & 0o777 & ~UMASK)) fs.fchmodSync(beside.fd, mode & 0o7777)
    } finally {
      fs.closeSync(beside.fd)
    }
    fs.renameSync(beside.path, path)
    return true
  } catch (reason) {
    fs.unlinkSync(beside.path)
    throw reason
  }
}

const UMASK = process.umask()

let count = 0

function openBeside(directory: string, mode: number): { path: string; fd: number } | undefined {
  const path = `${directory}/.apply-patch-${process.pid}-${count++}.tmp`
  try {
    return { path, fd: fs.openSync(path, 'wx', mode & 0o777) }
  } catch {
    return undefined
  }
}

/** Writes over what is there. When that fails half-way, the old content is put back, or a new file is taken away. */
function writeInPlace(path: string, bytes: Uint8Array, mode?: number): void {
  const isNew = !fs.statSync(path, { throwIfNoEntry: false })
  const old = isNew ? undefined : readOld(path)
  const fd = fs.openSync(path, fs.constants.O_WRONLY | fs.constants.O_CREAT, mode ?? 0o666)
  try {
    overwrite(fd, bytes)
  } catch (reason) {
    if (isNew) fs.unlinkSync(fs.realpathSync(path))
    else if (old) overwrite(fd, old)
    throw reason
  } finally {
    fs.closeSync(fd)
  }
  if (mode !== undefined) tryToChangeMode(path, mode)
}

/** What to put back if need be. A device has nothing to keep, and a file that may only be written cannot be kept. */
function readOld(path: string): Uint8Array | undefined {
  try {
    return fs.statSync(path).isFile() ? fs.readFileSync(path) : undefined
  } catch {
    return undefined
  }
}

function overwrite(fd: number, bytes: Uint8Array): void {
  const isFile = fs.fstatSync(fd).isFile()
  writeAll(fd, bytes, isFile ? 0 : null)
  if (isFile) fs.ftruncateSync(fd, bytes.length)
}

function writeAll(fd: number, bytes: Uint8Array, position: number | null): void {
  for (let done = 0; done < bytes.length; )
    done += fs.writeSync(fd, bytes, done, bytes.length - done, position === null ? null : position + done)
}

/** The new text is there; that a stranger's file keeps its own mode is no reason to take it back. */
function tryToChangeMode(path: string, mode: number): void {
  try {
    fs.chmodSync(path, mode & 0o7777)
  } catch {}
}

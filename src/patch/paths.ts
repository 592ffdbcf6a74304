import { posix, win32 } from 'node:path'
import { PatchError } from './patch-error.ts'

/**
 * A path of a patch as an absolute one, as codex takes it: `..` by text, TAB and CR dropped, and the slash at the end of an absolute
 * one kept for the messages. Throws with codex's own words when it holds a NUL.
 */
export function resolvePath(base: string, path: string): string {
  if (path.includes('\0')) throw new PatchError(`'${path}' is invalid on 'linux'`)
  const { isAbsolute, resolve } = pathsOf(base)
  const written = path.replace(/[\t\r]/g, '')
  // What follows a TAB that was dropped may look absolute, and is not.
  if (!isAbsolute(path)) return resolve(base, `./${written}`)
  const resolved = resolve(written)
  return written.endsWith('/') && parentOf(resolved) !== resolved ? `${resolved}/` : resolved
}

/** The directory that an absolute path lies in. */
export function parentOf(path: string): string {
  return pathsOf(path).dirname(path)
}

/** The path rules of the machine that an absolute path is of. */
export function pathsOf(path: string): typeof posix {
  return path.startsWith('/') ? posix : win32
}

import { posix, win32 } from 'node:path'
import { PatchError } from './patch-error.ts'

/** A path of a patch as an absolute one, `..` taken by text. Throws with codex's own words when it holds a NUL. */
export function resolvePath(base: string, path: string): string {
  if (path.includes('\0')) throw new PatchError(`'${path}' is invalid on 'linux'`)
  return pathsOf(base).resolve(base, path)
}

/** The directory that an absolute path lies in. */
export function parentOf(path: string): string {
  return pathsOf(path).dirname(path)
}

/** The path rules of the machine that an absolute path is of. */
export function pathsOf(path: string): typeof posix {
  return path.startsWith('/') ? posix : win32
}

import { type PlatformPath, posix, win32 } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { Environment } from '../../environments/environment.ts'
import type { Executor, FileMetadata } from '../../protocol/executor.ts'
import { BridgeError } from '../../util/errors.ts'
import type { CallOptions } from '../../util/signals.ts'

/** A POSIX shell and its small programs can be had there. */
export function hasShell(executor: Executor): boolean {
  return executor.info.os !== 'windows'
}

/** How paths of that machine are taken apart and joined. */
export function pathsOf(executor: Executor): PlatformPath {
  return executor.info.os === 'windows' ? win32 : posix
}

/** `path` is below the directory `outer`, by its text. */
export function isWithin(executor: Executor, path: string, outer: string): boolean {
  const { sep } = pathsOf(executor)
  return path !== outer && path.startsWith(outer.endsWith(sep) ? outer : outer + sep)
}

/** What lies at the path, or undefined when nothing does. */
export async function metadataIfThere(
  executor: Executor,
  path: string,
  options: CallOptions,
): Promise<FileMetadata | undefined> {
  try {
    return await executor.metadata(path, options)
  } catch (error) {
    if (BridgeError.from(error).code === 'not_found') return undefined
    throw error
  }
}

/** Both names stand for one machine: what is copied need not leave it. */
export function isOneMachine(a: Environment, b: Environment): boolean {
  return a.name === b.name || isDeepStrictEqual(a.target, b.target)
}

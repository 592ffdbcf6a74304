import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { BridgeError } from '../util/errors.ts'
import { throwIfAborted } from '../util/signals.ts'
import { inDirectory } from './open-place.ts'
import { entryPath, type Places } from './places.ts'

/** How far a walk goes. */
export interface WalkLimits {
  readonly maxDepth: number
  readonly maxDirectories: number
  readonly maxEntries: number
}

export interface Walk {
  readonly entries: { readonly path: string; readonly kind: 'file' | 'directory' }[]
  /** Directories that could not be read, and why. */
  readonly errors: { readonly path: string; readonly message: string }[]
  /** A limit was reached: there may be more. */
  readonly truncated: boolean
}

/** All files and directories below a directory, level by level; links, and what is neither, are left out. */
export async function walk(
  places: Places,
  root: string,
  limits: WalkLimits,
  signal: AbortSignal,
): Promise<Walk> {
  const found: Walk['entries'] = []
  const errors: Walk['errors'] = []
  let directories = 0
  let level = [root]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth >= limits.maxDepth) return { entries: found, errors, truncated: true }
    const next: string[] = []
    for (const directory of level) {
      throwIfAborted(signal)
      if (++directories > limits.maxDirectories) return { entries: found, errors, truncated: true }
      for (const entry of await entriesOf(places, directory, errors)) {
        if (!entry.isFile() && !entry.isDirectory()) continue
        if (found.length >= limits.maxEntries) return { entries: found, errors, truncated: true }
        const path = entryPath(directory, entry.name)
        found.push({ path, kind: entry.isFile() ? 'file' : 'directory' })
        if (entry.isDirectory()) next.push(path)
      }
    }
    level = next
  }
  return { entries: found, errors, truncated: false }
}

async function entriesOf(places: Places, path: string, errors: Walk['errors']): Promise<Dirent<Buffer>[]> {
  const read = (held: Buffer) => readdir(held, { withFileTypes: true, encoding: 'buffer' })
  try {
    return await places.at(path, 'follow', (place) => inDirectory(places, place.path, read))
  } catch (error) {
    errors.push({ path, message: BridgeError.from(error).message })
    return []
  }
}

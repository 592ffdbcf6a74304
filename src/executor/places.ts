import { isAbsolute } from 'node:path'
import { bytesFromPath, pathFromBytes } from '../protocol/paths.ts'
import { BridgeError } from '../util/errors.ts'

/** Where a path leads, for as long as the work on it takes. */
export interface Place {
  /** For node:fs; no name for a message. */
  readonly path: Buffer
  /** The path without links and dots, the last name excepted where links are kept; as told to clients. */
  readonly real: string
}

/**
 * How paths of clients become places of this machine. `follow`: a link at the end is followed; `keep`: it is the place. A path
 * whose last part is not there has a place too: it can be made.
 */
export interface Places {
  /** Nothing outside of one directory is a place. Then nothing may follow links by itself: `path` leads to none. */
  readonly isConfined: boolean
  /** Does `work` at a path. Rejects with `invalid_input` for one that is none, with what the system says, and as `work` does. */
  at<T>(path: string, links: 'follow' | 'keep', work: (place: Place) => Promise<T>): Promise<T>
}

/** Every absolute path, as the system has it. */
export const ALL_PLACES: Places = {
  isConfined: false,
  at: async (path, _links, work) => work({ path: systemPath(path), real: path }),
}

/** The bytes of a path for node:fs. Throws `invalid_input` on one that is not absolute, or that no file can have. */
export function systemPath(path: string): Buffer {
  if (isAbsolute(path)) return bytesFromPath(path)
  throw new BridgeError('invalid_input', `Path ${JSON.stringify(path)} is not absolute`)
}

/** The path of an entry of a directory, as text. */
export function entryPath(directory: string, name: Buffer): string {
  return `${directory.replace(/\/+$/, '')}/${pathFromBytes(name)}`
}

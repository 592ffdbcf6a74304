import { BridgeError } from '../util/errors.ts'

/**
 * The files of one machine, as patches need them. Paths are absolute and without dots. What cannot be done rejects with a
 * `BridgeError` whose message is the reason alone. A call that rejects has left the files as they were, or its message says what not.
 */
export interface Files {
  /** What a path leads to, links followed; undefined when nothing is there. */
  look(path: string): Promise<Found | undefined>

  /** A whole file, links followed. Refuses what is not a regular file. */
  read(path: string): Promise<Uint8Array>

  /**
   * Makes or replaces a file, through a link too. One that is there keeps its mode; with `like`, the file gets the mode of that one.
   * Where the machine can, nobody ever sees it half-written. `not_found` only when its directory is missing.
   */
  write(path: string, bytes: Uint8Array, like?: string): Promise<void>

  /** Gives a file another name, bytes and mode unchanged, replacing what is there. `not_found` as in `write`. */
  rename(from: string, to: string): Promise<void>

  /** Removes a file, or a link that leads to one. Refuses directories and what is not there. */
  remove(path: string): Promise<void>

  /** Makes a directory and those above it; those that are there are fine. */
  makeDirectory(path: string): Promise<void>

  /** The one name of what a path leads to, links followed; of something that is not there, the name it would have. */
  identify(path: string): Promise<string>
}

export interface Found {
  readonly kind: 'file' | 'directory' | 'other'
  /** Bytes, where the machine tells. */
  readonly size: number | undefined
}

/** codex's words where a file is not there. */
export const NO_SUCH_FILE = 'No such file or directory (os error 2)'

/** codex's words where a file stands in the place of a directory. */
export const NOT_A_DIRECTORY = 'Not a directory (os error 20)'

/** The words where a directory stands in the place of a file. */
export const IS_A_DIRECTORY = 'Is a directory (os error 21)'

/** codex's words for what can be read but is not a regular file. */
export function notAFile(path: string): string {
  return `path \`${path}\` is not a file`
}

/** Throws where something stands in the place of a file: a directory, or a device, which may hold up who opens it. */
export function refuseOtherThanFile(found: Found | undefined, path: string): void {
  if (found?.kind === 'directory') throw new BridgeError('conflict', IS_A_DIRECTORY)
  if (found?.kind === 'other') throw new BridgeError('conflict', notAFile(path))
}

/** The most bytes of a file that codex takes. */
export const MAX_FILE_BYTES = 512 * 1024 * 1024

/** codex's words for a file that is larger. */
export const TOO_LARGE = `file is too large to read: limit is ${MAX_FILE_BYTES} bytes`

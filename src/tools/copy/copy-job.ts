import type { Executor, FileMetadata } from '../../protocol/executor.ts'
import type { CopyProgress } from './progress.ts'
import type { Seat } from './shared-reading.ts'

/** One end of a copy: a place on a machine. */
export interface Place {
  readonly environment: string
  readonly executor: Executor
  readonly path: string
}

/** Where a copy comes from: links are followed, so it is a file or a directory. */
export interface Source extends Place {
  readonly metadata: FileMetadata
}

/** Where a copy goes to: the exact path of the new file or directory, and what lies there now, of the source's kind. */
export interface Target extends Place {
  readonly existing: FileMetadata | undefined
}

/** What becomes of a file that is at the destination already. `newer`: it is replaced by one that was modified after it. */
export type Overwrite = 'replace' | 'skip' | 'error' | 'newer'

/** How a copy is done. */
export interface CopyChoices {
  readonly overwrite: Overwrite
  /** True for the path, relative to the source, of what is left out; a directory with all in it. */
  readonly isExcluded: (path: string) => boolean
  /** What arrived is read back. */
  readonly verify: boolean
  readonly dryRun: boolean
  /** A partial copy of an earlier call is gone on with, and one that fails is kept. */
  readonly resume: boolean
}

/** One copy. */
export interface CopyJob extends CopyChoices {
  /** The place of this copy among those that read the same source in one call; of one that goes alone, too. */
  readonly seat: Seat
  readonly source: Source
  readonly target: Target
  readonly signal: AbortSignal
  readonly progress: CopyProgress
}

/** What a copy did. */
export interface CopyOutcome {
  readonly files: number
  readonly bytes: number
  /** Of the file, or of the manifest of the directory; undefined where nothing has computed it. */
  readonly sha256: string | undefined
  /** What lies at the destination has been read back, and has that sha256. */
  readonly isCompared: boolean
  /** What a reader must know besides: sentences. */
  readonly notes: readonly string[]
}

/**
 * How bytes get from one end to the other: the one thing that differs between transports. It writes to the partial path and
 * nowhere else, gives up with `job.signal`, leaves what has arrived, and tells `job.progress` of each piece. What makes a
 * copy whole (partial, comparison, mode and time, rename) is not its work.
 */
export interface Transfer {
  readonly name: 'ws' | 'http' | 'direct'
  /** What a reader must know of the way that was taken: sentences. */
  readonly notes?: readonly string[]
  /** The way that so many bytes would take, found out without sending any; absent where there is only one. */
  foresee?(job: CopyJob, bytes: number): Promise<Transfer['name']>
  /** Refuses, before anything is read or written, a directory that it cannot take over. */
  checkTree(job: CopyJob): Promise<void>
  /** Brings the bytes of the file from `offset` to its end. */
  file(job: CopyJob, work: FileWork): Promise<FileTransfer>
  /** Brings a directory, or what of it `names` lists, with modes, times and links, into the partial directory, which is there. */
  tree(job: CopyJob, work: TreeWork): Promise<void>
}

/** One file for a transfer. */
export interface FileWork {
  /** Where there is a shell it lies there, readable for its owner only, with at least `offset` right bytes; what follows them goes. */
  readonly partial: string
  readonly offset: number
  readonly attributes: FileAttributes
}

/** A directory for a transfer. */
export interface TreeWork {
  readonly partial: string
  /** A file on the source's machine that lists what is to be brought (see `names-file.ts`), as `PACK` takes it; empty: all of the source. */
  readonly names: string
}

/** What a transfer did with one file. */
export interface FileTransfer {
  /** Of all bytes of the source, if they were hashed on the way. */
  readonly sha256: string | undefined
  /** The size of the file. */
  readonly bytes: number
  /** The partial file has its mode and time already. */
  readonly keepsAttributes: boolean
}

/** What a file keeps besides its bytes. */
export interface FileAttributes {
  /** Permission bits; undefined where nothing tells. */
  readonly mode: number | undefined
  /** ms since 1970. */
  readonly modifiedMs: number
  /** Bytes; undefined where nothing tells. */
  readonly size: number | undefined
  /** It has holes, which take no room on its disk. */
  readonly isSparse: boolean
}

/** A place in a message: `"/srv/a" on "box"`. */
export function quotePlace({ path, environment }: Pick<Place, 'path' | 'environment'>): string {
  return `${JSON.stringify(path)} on ${JSON.stringify(environment)}`
}

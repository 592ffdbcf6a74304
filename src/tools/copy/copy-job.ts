import type { Executor, FileMetadata } from '../../protocol/executor.ts'
import type { CopyProgress } from './progress.ts'

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

/** One copy. */
export interface CopyJob {
  readonly source: Source
  readonly target: Target
  readonly signal: AbortSignal
  readonly progress: CopyProgress
}

/** What a copy did. */
export interface CopyOutcome {
  readonly files: number
  readonly bytes: number
  /** Of the file, or of the manifest of the directory; undefined where a machine cannot compute it. */
  readonly sha256: string | undefined
  /** What a reader must know besides: sentences. */
  readonly notes: readonly string[]
}

/** How bytes get from one end to the other. It writes to the partial path and nowhere else; what makes a copy whole is not its work. */
export interface Transfer {
  readonly name: 'ws' | 'http' | 'direct'
  /** What a reader must know of the way that was taken: sentences. */
  readonly notes?: readonly string[]
  /** Refuses, before anything is read or written, a directory that it cannot take over. */
  checkTree(job: CopyJob): Promise<void>
  file(job: CopyJob, partial: string): Promise<FileTransfer>
  tree(job: CopyJob, partial: string): Promise<void>
}

/** What a transfer did with one file. */
export interface FileTransfer {
  /** Of the bytes that the source had. */
  readonly sha256: string
  readonly bytes: number
  /** What the partial file must still get; undefined when it has it. */
  readonly attributes: FileAttributes | undefined
}

/** What a file keeps besides its bytes. */
export interface FileAttributes {
  /** Permission bits; undefined where nothing tells. */
  readonly mode: number | undefined
  /** ms since 1970. */
  readonly modifiedMs: number
}

/** A place in a message: `"/srv/a" on "box"`. */
export function quotePlace({ path, environment }: Pick<Place, 'path' | 'environment'>): string {
  return `${JSON.stringify(path)} on ${JSON.stringify(environment)}`
}

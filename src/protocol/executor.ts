import type { CallOptions } from '../util/signals.ts'
import type { RelayOutcome, RelayRequest } from './relay.ts'

/**
 * A machine that runs processes and holds files. The tools see machines only so. `BridgeClient` is this over a
 * connection, `LocalExecutor` is this machine; one contract suite (`test/contract`) runs on both.
 *
 * Paths are absolute paths of that machine as text; bytes that are not UTF-8 are carried as lone surrogates
 * (see `paths.ts`). A process id is chosen by the caller, random, and never used twice.
 *
 * Every method rejects with a `BridgeError`: `not_found` (no such file, no such program or directory),
 * `denied`, `conflict` (the state does not allow it), `invalid_input`, `unavailable` (the machine cannot be reached;
 * nothing was done unless the message says otherwise), `process_lost`, or the reason of the caller's signal.
 */
export interface Executor {
  /** What is known of the machine. Fixed for the life of this object. */
  readonly info: ExecutorInfo
  readonly features: ExecutorFeatures
  /** In words, since when the machine cannot be reached, and why; undefined while it can. It is tried again meanwhile. */
  readonly away?: string | undefined

  /** Starts a process. When it resolves, the process runs, or has run. Its output is kept from the first byte. */
  start(request: StartRequest, options?: CallOptions): Promise<void>

  /**
   * What the process has written after `afterSeq`, in order; waits up to `waitMs` for something to be there, or for the
   * process to exit or close. The cursor for the next read is `lastSeq`. Reading consumes: what lies at or before
   * `afterSeq` may be dropped, and so may the oldest output beyond `maxBufferedBytes`; `droppedBytes` says how much.
   */
  read(processId: string, request: ReadRequest, options?: CallOptions): Promise<ReadResult>

  /**
   * Resolves when all output that the executor had taken in when it was asked has arrived, so that `read` with waitMs 0 has it.
   * What was still in the pipe may come later: a stock exec-server takes it in on its own time.
   */
  sync(processId: string, options?: CallOptions): Promise<void>

  /** Writes to the standard input, exactly once and in order. Resolves when it is queued there. `conflict`: it is closed. */
  write(processId: string, bytes: Uint8Array, options?: CallOptions): Promise<void>

  /** Ends the standard input of a process with pipes. Only with `features.closeStdin`. */
  closeStdin(processId: string, options?: CallOptions): Promise<void>

  /** Sends a signal of `features.signals` to the process and its group. One that is over is not an error. */
  signal(processId: string, signal: ProcessSignal, options?: CallOptions): Promise<void>

  /** Changes the size of a process's terminal. Only with `features.resize`; `conflict` when it has none. */
  resize(processId: string, size: TerminalSize, options?: CallOptions): Promise<void>

  /** Kills the process and its whole group at once. Says whether it was running. Unknown ids: false. */
  terminate(processId: string, options?: CallOptions): Promise<boolean>

  /** Drops all that is kept of a process here. It is not ended. */
  forget(processId: string): void

  /** What runs on the machine, and lately ran, whoever started it. Only with `features.sharedProcesses`. */
  listProcesses(options?: CallOptions): Promise<ProcessSummary[]>

  /**
   * Takes up a process that another client has started: from now on it can be used as one started here, its output from the
   * oldest that is kept. `not_found` when there is none. Only with `features.sharedProcesses`.
   */
  attach(processId: string, options?: CallOptions): Promise<void>

  /** The whole file; `invalid_input` when it is larger than `maxBytes`. */
  readFile(path: string, options?: CallOptions & { maxBytes?: number }): Promise<Uint8Array>

  /** Writes the whole file in place: makes or truncates it, keeps its mode, follows links. Parents must exist. */
  writeFile(path: string, bytes: Uint8Array, options?: CallOptions): Promise<void>

  /** Opens a file for reading windows of it, or (`replace`: made or truncated) for writing blocks. */
  open(path: string, mode: 'read' | 'replace', options?: CallOptions): Promise<OpenFile>

  /** What lies at the path; links are followed, and `isSymlink` says so. */
  metadata(path: string, options?: CallOptions): Promise<FileMetadata>

  /** The sha256 of a file, in hex. Only with `features.hash`. */
  hash(path: string, options?: CallOptions): Promise<string>

  /** What lies in a directory, in no order, without `.` and `..`. */
  list(path: string, options?: CallOptions): Promise<DirectoryEntry[]>

  /** Makes a directory; with `recursive` also its parents, and one that is there is fine. */
  createDirectory(path: string, request: { recursive: boolean }, options?: CallOptions): Promise<void>

  /** Removes a file, a link itself, or a directory (`recursive` when it is not empty). `force`: one not there is fine. */
  remove(path: string, request: { recursive: boolean; force: boolean }, options?: CallOptions): Promise<void>

  /** Copies on this machine: keeps the mode, links stay links, files are overwritten. */
  copy(from: string, to: string, request: { recursive: boolean }, options?: CallOptions): Promise<void>

  /** Renames on one file system, atomically, over a file that is there. */
  rename(from: string, to: string, options?: CallOptions): Promise<void>

  /** The path without links and dots. */
  canonicalize(path: string, options?: CallOptions): Promise<string>

  /**
   * Sends a file, or what a command writes, to the gateway that the executor has dialled in to, under a ticket of it. Giving up
   * ends it there too. Only with `features.relay`.
   */
  relaySend(request: RelayRequest, options?: CallOptions): Promise<RelayOutcome>

  /** As `relaySend`, the other way: makes or truncates the file, or gives the bytes to the command. Only with `features.relay`. */
  relayReceive(request: RelayRequest, options?: CallOptions): Promise<RelayOutcome>
}

export interface ExecutorInfo {
  /** `linux`, `macos`, `windows`, or what the machine calls itself. */
  readonly os: string
  readonly shell: { readonly name: string; readonly path: string }
  /** Where relative paths start. */
  readonly cwd: string
  readonly home: string | undefined
  /** A directory for temporary files. */
  readonly tempDir: string
  /** The version of the executor, when it tells. */
  readonly version: string | undefined
  /** True when the machine did not tell these itself and a login shell was asked. */
  readonly askedShell: boolean
}

export type ProcessSignal = 'INT' | 'TERM' | 'KILL' | 'HUP'

/** What the machine can do by itself; where it cannot, the methods use the fallback named here, or refuse. */
export interface ExecutorFeatures {
  /** Signals that can be sent; empty on executors before 0.140. `terminate` works everywhere. */
  readonly signals: readonly ProcessSignal[]
  /** The input of a process with pipes can be ended. */
  readonly closeStdin: boolean
  /** A terminal is made with the size asked for. Without it: 24×80, or `stty` in the command. */
  readonly ttySize: boolean
  /** The size of a terminal can be changed. */
  readonly resize: boolean
  /** Processes outlive their clients, and every client may list and attach those of all. */
  readonly sharedProcesses: boolean
  /** The machine itself tells the hash of a file. */
  readonly hash: boolean
  /** Windows of a file can be read. Fallback of `open('read')`: `tail -c | head -c`, a process a window. */
  readonly readBlocks: boolean
  /** Blocks of a file can be written. Fallback of `open('replace')`: none, `conflict`. */
  readonly writeBlocks: boolean
  /** Files can be renamed. Fallback of `rename`: `mv -f -T`, a process. */
  readonly rename: boolean
  /** It sends and receives through the gateway it has dialled in to by itself. Fallback: none, `conflict`. */
  readonly relay: boolean
  /** The largest file `writeFile` takes, in bytes. */
  readonly maxWriteFileBytes: number
}

export interface StartRequest {
  readonly processId: string
  /** Program and arguments, not empty. */
  readonly argv: readonly string[]
  readonly cwd: string
  /** Added to the executor's own environment; these win. */
  readonly env: Readonly<Record<string, string>>
  /** A terminal instead of pipes; `size` where `features.ttySize`. */
  readonly tty: boolean
  readonly size?: TerminalSize | undefined
  /** A pipe as standard input; without it, and without tty, the input is empty. */
  readonly pipeStdin: boolean
}

/** In characters. */
export interface TerminalSize {
  readonly cols: number
  readonly rows: number
}

/** A process as a list tells of it. Times in ms since 1970. */
export interface ProcessSummary {
  readonly processId: string
  /** Cut where it is long. */
  readonly argv: readonly string[]
  readonly cwd: string
  readonly tty: boolean
  readonly pipeStdin: boolean
  readonly startedAtMs: number
  /** Undefined while it runs. */
  readonly endedAtMs: number | undefined
  readonly exited: boolean
  readonly exitCode: number | undefined
  /** All that it has written, in bytes. */
  readonly outputBytes: number
}

export interface ReadRequest {
  /** 0: from the first. */
  readonly afterSeq: number
  /** 0: answer at once. */
  readonly waitMs: number
}

export type OutputStream = 'stdout' | 'stderr' | 'pty'

export interface OutputChunk {
  /** Position in the one order that output, exit and close share, from 1. */
  readonly seq: number
  readonly stream: OutputStream
  readonly bytes: Uint8Array
}

export interface ReadResult {
  readonly chunks: readonly OutputChunk[]
  /** The cursor for the next read. */
  readonly lastSeq: number
  /** Bytes of this process that were dropped unread so far, because nobody read them in time; about, after a resume. */
  readonly droppedBytes: number
  /** Of these, about how many were written while the machine was away, and are gone. Absent: none. */
  readonly goneBytes?: number
  /** The process itself is over. Children of it may still write. */
  readonly exited: boolean
  /** Exit code; 128 + n for signal n where the executor tells, -1 where it does not. Undefined until `exited`. */
  readonly exitCode: number | undefined
  /** Nobody can write any more: no output comes after this read. */
  readonly closed: boolean
}

/** A file opened on the machine. Close it; it does not survive the connection. */
export interface OpenFile {
  /** Up to `length` bytes from `offset`; fewer only at the end (`eof`). */
  read(offset: number, length: number, options?: CallOptions): Promise<{ bytes: Uint8Array; eof: boolean }>
  write(offset: number, bytes: Uint8Array, options?: CallOptions): Promise<void>
  close(): Promise<void>
}

export interface FileMetadata {
  readonly kind: 'file' | 'directory' | 'other'
  readonly isSymlink: boolean
  /** Bytes; undefined where the executor does not tell (before 0.140). */
  readonly size: number | undefined
  /** ms since 1970. */
  readonly modifiedMs: number
  /** Permission bits; undefined where the executor does not tell (every stock exec-server). */
  readonly mode: number | undefined
  /**
   * Another file may be renamed over this one without loss: a plain file with no second name, of the executor's own user and
   * group, which it may write. Undefined where the executor does not tell (every stock exec-server).
   */
  readonly replaceable?: boolean | undefined
}

export interface DirectoryEntry {
  readonly name: string
  readonly kind: 'file' | 'directory' | 'other'
}

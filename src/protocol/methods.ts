import type { Base64 } from '../rpc/base64.ts'
import type { OutputStream } from './executor.ts'
import type { RelayOutcome } from './relay.ts'

/**
 * The methods of the exec-server protocol that we speak, with their params and results as they lie on the wire
 * (PROTOCOL.md). Both ends use these types; what comes in is checked before it is taken for one. Fields marked `ours` exist on our
 * executor only, and are told in the handshake (`environmentInfo.capabilities`).
 */
export interface Methods {
  initialize: { params: InitializeParams; result: InitializeResult }
  /** From 0.138; from 0.150 the handshake tells the same. */
  'environment/info': { params: object; result: EnvironmentInfoResult }
  'process/start': { params: ProcessStartParams; result: { processId: string } }
  'process/read': { params: ProcessReadParams; result: ProcessReadResult }
  'process/write': {
    params: { processId: string; chunk: Base64; writeId: string }
    result: { status: WriteStatus }
  }
  /** Stock: `interrupt` only. Ours: `TERM`, `KILL` and `HUP` too. */
  'process/signal': { params: { processId: string; signal: string }; result: object }
  'process/terminate': { params: { processId: string }; result: { running: boolean } }
  /** Ours: ends the standard input. */
  'process/closeStdin': { params: { processId: string }; result: object }
  /** Ours: changes the size of its terminal. */
  'process/resize': { params: { processId: string; size: { cols: number; rows: number } }; result: object }
  /** Ours: what runs here, and lately ran, whoever started it. */
  'process/list': { params: object; result: { processes: ListedProcess[] } }
  /** Ours: be told of a process that another client started, from after `afterSeq` on, and use it. */
  'process/attach': { params: { processId: string; afterSeq: number }; result: object }
  'fs/readFile': { params: { path: string }; result: { dataBase64: Base64 } }
  'fs/writeFile': { params: { path: string; dataBase64: Base64 }; result: object }
  'fs/createDirectory': { params: { path: string; recursive: boolean }; result: object }
  'fs/getMetadata': { params: { path: string }; result: MetadataResult }
  'fs/readDirectory': { params: { path: string }; result: { entries: DirectoryEntryResult[] } }
  /** Both booleans always: the defaults are `rm -rf`. */
  'fs/remove': { params: { path: string; recursive: boolean; force: boolean }; result: object }
  'fs/copy': { params: { sourcePath: string; destinationPath: string; recursive: boolean }; result: object }
  'fs/canonicalize': { params: { path: string }; result: { path: string } }
  'fs/open': {
    params: { handleId: string; path: string; mode?: 'read' | 'replace' }
    result: { handleId: string }
  }
  'fs/readBlock': {
    params: { handleId: string; offset: number; len: number }
    result: { chunk: Base64; eof: boolean }
  }
  'fs/writeBlock': { params: { handleId: string; offset: number; chunk: Base64 }; result: object }
  'fs/close': { params: { handleId: string }; result: object }
  /** Ours: in hex. */
  'fs/hash': { params: { path: string }; result: { sha256: string } }
  /** Ours: renames atomically. */
  'fs/rename': { params: { sourcePath: string; destinationPath: string }; result: object }
  /** Ours: uploads to the gateway it has dialled in to, under a ticket. */
  'relay/send': { params: RelayParams; result: RelayOutcome }
  /** Ours: downloads from there. */
  'relay/receive': { params: RelayParams; result: RelayOutcome }
  /** Ours: ends one of these. */
  'relay/end': { params: { relayId: string }; result: object }
}

/** Notifications from the executor; from us there is only `initialized`. */
export interface Notifications {
  'process/output': { processId: string; seq: number; stream: OutputStream; chunk: string }
  'process/exited': { processId: string; seq: number; exitCode: number; sandboxDenied?: boolean }
  'process/closed': { processId: string; seq: number }
}

export interface InitializeParams {
  clientName: string
  resumeSessionId?: string
}

export interface InitializeResult {
  sessionId: string
  environmentInfo?: EnvironmentInfoResult
}

/** Everything is optional: it grew from 0.150.0 on. Paths are URIs (or plain, on executors that want plain ones). */
export interface EnvironmentInfoResult {
  shell?: { name: string; path: string }
  cwd?: string
  userHomeDir?: string
  tempDir?: string
  platformOs?: string
  executorVersion?: string
  providerId?: string
  capabilities?: Record<string, unknown>
}

/** The keys in `capabilities` by which our executor says what a stock one has not. All true or false, but `rememberedMs`. */
export const OUR_CAPABILITIES = {
  closeStdin: 'envMcpCloseStdin',
  signals: 'envMcpSignals',
  ttySize: 'envMcpTtySize',
  rename: 'envMcpRename',
  mode: 'envMcpMode',
  resize: 'envMcpResize',
  hash: 'envMcpHash',
  sharedProcesses: 'envMcpSharedProcesses',
  relay: 'envMcpRelay',
  rememberedMs: 'envMcpRememberedMs',
} as const

export interface ProcessStartParams {
  processId: string
  argv: string[]
  cwd: string
  env: Record<string, string>
  tty: boolean
  pipeStdin: boolean
  arg0: null
  /** From 0.121: where the environment comes from. All five fields are required. */
  envPolicy: EnvPolicy
  /** Ours: the size of the terminal. */
  size?: { cols: number; rows: number }
}

export interface EnvPolicy {
  inherit: 'all' | 'core' | 'none'
  ignoreDefaultExcludes: boolean
  exclude: string[]
  set: Record<string, string>
  includeOnly: string[]
}

export interface ProcessReadParams {
  processId: string
  afterSeq: number | null
  maxBytes: number | null
  waitMs: number | null
}

export interface ProcessReadResult {
  chunks: { seq: number; stream: OutputStream; chunk: string }[]
  nextSeq: number
  exited: boolean
  exitCode: number | null
  closed: boolean
  failure: string | null
  sandboxDenied: boolean
  /** Ours, where `maxBytes` was given: there is more already. */
  isPart?: boolean
}

/** Ours: one of the processes of an executor whose clients share them. Times in ms since 1970. */
export interface ListedProcess {
  processId: string
  /** Cut where it is long. */
  argv: string[]
  cwd: string
  tty: boolean
  pipeStdin: boolean
  startedAtMs: number
  endedAtMs: number | null
  exited: boolean
  exitCode: number | null
  closed: boolean
  /** All that it has written. */
  outputBytes: number
  /** Connections that have it. */
  clients: number
}

/** Ours: `path` for a file from `offset` (0) on, or a command with additions to its environment. */
export interface RelayParams {
  relayId: string
  ticket: string
  path?: string
  offset?: number
  argv?: string[]
  env?: Record<string, string>
}

export type WriteStatus = 'accepted' | 'unknownProcess' | 'stdinClosed' | 'starting'

export interface MetadataResult {
  isDirectory: boolean
  isFile: boolean
  isSymlink?: boolean
  size?: number
  createdAtMs?: number
  modifiedAtMs?: number
  /** Ours: permission bits. */
  mode?: number
  /** Ours: a file may be renamed over it without loss. */
  replaceable?: boolean
}

export interface DirectoryEntryResult {
  /** Bytes that are not UTF-8 are U+FFFD. */
  fileName: string
  /** Ours, when the name is not UTF-8: `file:///` and the name, as in a path. */
  nameUri?: string
  isDirectory: boolean
  isFile: boolean
}

/** Error numbers of the wire. */
export const RPC_CODES = {
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  /** No such file, unknown file handle. */
  notFound: -32004,
  /** The session is attached to another connection (from 0.142). */
  attached: -32010,
} as const

/** Bounds of the protocol, in bytes unless said. */
export const PROTOCOL_LIMITS = {
  /** The most a block of `fs/readBlock` and `fs/writeBlock` may hold. */
  blockBytes: 1024 * 1024,
  /** Output that a stock executor keeps of a process for a client that comes back. */
  retainedBytes: 1024 * 1024,
  /** File handles of one connection. */
  openFiles: 128,
  /** A file handle's id. */
  handleIdBytes: 32,
} as const

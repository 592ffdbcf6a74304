import type {
  DirectoryEntryResult,
  EnvironmentInfoResult,
  ListedProcess,
  MetadataResult,
  Methods,
  ProcessReadResult,
  WriteStatus,
} from '../protocol/methods.ts'
import type { RelayOutcome } from '../protocol/relay.ts'
import { CallFailure } from './call-failure.ts'
import {
  base64Field,
  boolean,
  brief,
  type Fields,
  isRecord,
  list,
  Mismatch,
  number,
  outputStream,
  record,
  sequenceNumber,
  string,
} from './fields.ts'

/** Checks what an executor answered. Throws `unavailable` when it is not what the method promises. */
export function parseResult<M extends keyof Methods>(method: M, raw: unknown): Methods[M]['result'] {
  try {
    return PARSERS[method](record(raw))
  } catch (cause) {
    const what = cause instanceof Mismatch ? cause.message : String(cause)
    throw new CallFailure(
      'unavailable',
      `the executor answered ${method} with something else (${what})`,
      true,
      {
        cause,
      },
    )
  }
}

const PARSERS: { [M in keyof Methods]: (raw: Fields) => Methods[M]['result'] } = {
  initialize: (raw) => ({
    sessionId: string(raw, 'sessionId'),
    ...(isRecord(raw.environmentInfo) ? { environmentInfo: parseInfo(raw.environmentInfo) } : {}),
  }),
  'environment/info': parseInfo,
  'process/start': (raw) => ({ processId: string(raw, 'processId') }),
  'process/read': parseRead,
  'process/write': (raw) => ({ status: writeStatus(raw) }),
  'process/signal': nothing,
  'process/terminate': (raw) => ({ running: boolean(raw, 'running') }),
  'process/closeStdin': nothing,
  'process/resize': nothing,
  'process/list': (raw) => ({ processes: list(raw, 'processes').map(parseListed) }),
  'process/attach': nothing,
  'fs/readFile': (raw) => ({ dataBase64: base64Field(raw, 'dataBase64') }),
  'fs/writeFile': nothing,
  'fs/createDirectory': nothing,
  'fs/getMetadata': parseMetadata,
  'fs/readDirectory': (raw) => ({ entries: list(raw, 'entries').map(parseEntry) }),
  'fs/remove': nothing,
  'fs/copy': nothing,
  'fs/canonicalize': (raw) => ({ path: string(raw, 'path') }),
  'fs/open': (raw) => ({ handleId: string(raw, 'handleId') }),
  'fs/readBlock': (raw) => ({ chunk: base64Field(raw, 'chunk'), eof: boolean(raw, 'eof') }),
  'fs/writeBlock': nothing,
  'fs/close': nothing,
  'fs/hash': (raw) => ({ sha256: string(raw, 'sha256') }),
  'fs/rename': nothing,
  'relay/send': parseRelay,
  'relay/receive': parseRelay,
  'relay/end': nothing,
}

function parseRelay(raw: Fields): RelayOutcome {
  const { exitCode } = raw
  const text = (key: string) => (typeof raw[key] === 'string' ? string(raw, key) : undefined)
  return {
    bytes: number(raw, 'bytes'),
    exitCode: typeof exitCode === 'number' ? exitCode : undefined,
    stderr: text('stderr'),
    failure: text('failure'),
  }
}

function nothing(): object {
  return {}
}

/** Everything in it is optional, so a field of another type is one that is not there. */
function parseInfo(raw: Fields): EnvironmentInfoResult {
  const { shell, capabilities } = raw
  const texts = ['cwd', 'userHomeDir', 'tempDir', 'platformOs', 'executorVersion', 'providerId'] as const
  return {
    ...Object.fromEntries(texts.filter((key) => typeof raw[key] === 'string').map((key) => [key, raw[key]])),
    ...(isRecord(shell) && typeof shell.path === 'string'
      ? {
          shell: { name: typeof shell.name === 'string' ? shell.name : shell.path, path: shell.path },
        }
      : {}),
    ...(isRecord(capabilities) ? { capabilities } : {}),
  }
}

function parseRead(raw: Fields): ProcessReadResult {
  const chunks = list(raw, 'chunks').map((chunk) => ({
    seq: sequenceNumber(chunk, 'seq'),
    stream: outputStream(chunk),
    chunk: string(chunk, 'chunk'),
  }))
  return {
    chunks,
    nextSeq: sequenceNumber(raw, 'nextSeq'),
    exited: boolean(raw, 'exited'),
    exitCode: typeof raw.exitCode === 'number' ? raw.exitCode : null,
    closed: boolean(raw, 'closed'),
    failure: typeof raw.failure === 'string' ? raw.failure : null,
    sandboxDenied: raw.sandboxDenied === true,
    ...(raw.isPart === true ? { isPart: true } : {}),
  }
}

function parseListed(raw: Fields): ListedProcess {
  const time = (value: unknown) => (typeof value === 'number' ? value : null)
  return {
    processId: string(raw, 'processId'),
    argv: Array.isArray(raw.argv) ? raw.argv.map(String) : [],
    cwd: string(raw, 'cwd'),
    tty: raw.tty === true,
    pipeStdin: raw.pipeStdin === true,
    startedAtMs: time(raw.startedAtMs) ?? 0,
    endedAtMs: time(raw.endedAtMs),
    exited: boolean(raw, 'exited'),
    exitCode: time(raw.exitCode),
    closed: boolean(raw, 'closed'),
    outputBytes: time(raw.outputBytes) ?? 0,
    clients: time(raw.clients) ?? 0,
  }
}

function parseMetadata(raw: Fields): MetadataResult {
  return {
    isDirectory: boolean(raw, 'isDirectory'),
    isFile: boolean(raw, 'isFile'),
    ...(typeof raw.isSymlink === 'boolean' ? { isSymlink: raw.isSymlink } : {}),
    ...(typeof raw.size === 'number' ? { size: raw.size } : {}),
    ...(typeof raw.modifiedAtMs === 'number' ? { modifiedAtMs: raw.modifiedAtMs } : {}),
    ...(typeof raw.mode === 'number' ? { mode: raw.mode } : {}),
    ...(typeof raw.replaceable === 'boolean' ? { replaceable: raw.replaceable } : {}),
  }
}

function parseEntry(raw: Fields): DirectoryEntryResult {
  const { nameUri } = raw
  return {
    fileName: string(raw, 'fileName'),
    ...(typeof nameUri === 'string' ? { nameUri } : {}),
    isDirectory: boolean(raw, 'isDirectory'),
    isFile: boolean(raw, 'isFile'),
  }
}

function writeStatus(raw: Fields): WriteStatus {
  const { status } = raw
  if (
    status === 'accepted' ||
    status === 'unknownProcess' ||
    status === 'stdinClosed' ||
    status === 'starting'
  )
    return status
  throw new Mismatch(`"status" is ${brief(status)}`)
}

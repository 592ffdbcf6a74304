import type { ExecutorFeatures } from '../protocol/executor.ts'
import { type EnvironmentInfoResult, OUR_CAPABILITIES } from '../protocol/methods.ts'
import { RpcError } from '../rpc/peer.ts'
import type { Clock } from '../util/clock.ts'
import { CallFailure } from './call-failure.ts'
import type { Connection } from './connection.ts'
import { type Dialect, PLAIN_DIALECT, URI_DIALECT } from './dialect.ts'
import { isUnknownMethod, refusal } from './errors.ts'
import { BRIDGE_LIMITS } from './limits.ts'

/** What is found out once when a connection begins. */
export interface Handshake {
  readonly sessionId: string
  /** What the executor told of its machine: everything since 0.151, nothing before 0.138. */
  readonly told: EnvironmentInfoResult
  readonly dialect: Dialect
  readonly features: ExecutorFeatures
  /** Processes start from the executor's own environment when it is told to (from 0.121). */
  readonly hasEnvPolicy: boolean
  /** It writes each write id once, however often it is sent (from 0.142, as `fs/open`). */
  readonly hasWriteIds: boolean
  /** How long it keeps the id of a process that is over, in ms. */
  readonly rememberedMs: number
  readonly roundTripMs: number
}

const CLIENT_NAME = 'env-mcp'

/**
 * Greets the executor and finds out how it wants to be spoken to, in two round trips: what its greeting does not tell
 * is asked by probes that leave together and change nothing.
 */
export async function shakeHands(
  connection: Connection,
  clock: Clock,
  signal: AbortSignal,
): Promise<Handshake> {
  const options = { signal }
  const { sessionId, environmentInfo } = await connection
    .call('initialize', { clientName: CLIENT_NAME }, options)
    .catch(refuse)
  connection.notify('initialized', {})
  const sentMs = clock.now()
  const [root, told, readBlocks, interrupt] = await Promise.all([
    // A plain path: what is no URI is refused by those who want URIs. The only way to tell, on all versions.
    connection.call('fs/getMetadata', { path: '/' }, options).catch(undefinedWhenRefused),
    environmentInfo ?? connection.call('environment/info', {}, options).catch(undefinedWhenRefused),
    environmentInfo ? true : exists(connection.call('fs/close', { handleId: 'probe' }, options)),
    environmentInfo
      ? true
      : exists(connection.call('process/signal', { processId: 'probe', signal: 'interrupt' }, options)),
  ])
  const roundTripMs = clock.now() - sentMs
  const capabilities = told?.capabilities ?? {}
  return {
    sessionId,
    told: told ?? {},
    dialect: root ? PLAIN_DIALECT : URI_DIALECT,
    features: featuresFrom(capabilities, { readBlocks, interrupt }, connection.maxMessageBytes),
    // `isSymlink` came with the version that brought `envPolicy`.
    hasEnvPolicy: root?.isSymlink !== undefined || root === undefined,
    hasWriteIds: readBlocks,
    rememberedMs: rememberedMsOf(told),
    roundTripMs,
  }
}

/** Takes a session up again on a new connection. Rejects with `RpcError` when the executor does not let it. */
export async function resumeSession(
  connection: Connection,
  resumeSessionId: string,
  signal: AbortSignal,
): Promise<void> {
  await connection.call('initialize', { clientName: CLIENT_NAME, resumeSessionId }, { signal })
  connection.notify('initialized', {})
}

function featuresFrom(
  capabilities: Readonly<Record<string, unknown>>,
  has: { readBlocks: boolean; interrupt: boolean },
  maxMessageBytes: number,
): ExecutorFeatures {
  const can = (capability: string) => capabilities[capability] === true
  // The value counts: 0.161.0 has the key, and false.
  const writeBlocks = can('fileWriteStreaming')
  const wholeFile = Math.floor((maxMessageBytes - BRIDGE_LIMITS.envelopeBytes) / 4) * 3
  return {
    signals: can(OUR_CAPABILITIES.signals) ? ['INT', 'TERM', 'KILL', 'HUP'] : has.interrupt ? ['INT'] : [],
    closeStdin: can(OUR_CAPABILITIES.closeStdin),
    ttySize: can(OUR_CAPABILITIES.ttySize),
    resize: can(OUR_CAPABILITIES.resize),
    sharedProcesses: can(OUR_CAPABILITIES.sharedProcesses),
    hash: can(OUR_CAPABILITIES.hash),
    readBlocks: has.readBlocks,
    writeBlocks,
    rename: can(OUR_CAPABILITIES.rename),
    relay: can(OUR_CAPABILITIES.relay),
    maxWriteFileBytes: writeBlocks ? Number.MAX_SAFE_INTEGER : wholeFile,
  }
}

/** What ours tells; of a stock one 30 s, from 0.169 on 80 s. */
function rememberedMsOf({ executorVersion = '', capabilities = {} }: EnvironmentInfoResult = {}): number {
  const told = capabilities[OUR_CAPABILITIES.rememberedMs]
  if (typeof told === 'number' && told >= 0) return told
  const [, minor = '0'] = /^0\.(\d+)\./.exec(executorVersion) ?? []
  return Number(minor) >= 169 ? 80_000 : 30_000
}

/** True unless the executor says that there is no such method. */
async function exists(probe: Promise<unknown>): Promise<boolean> {
  try {
    await probe
    return true
  } catch (error) {
    if (!(error instanceof RpcError)) throw error
    return !isUnknownMethod(error)
  }
}

function undefinedWhenRefused(error: unknown): undefined {
  if (!(error instanceof RpcError)) throw error
}

function refuse(error: unknown): never {
  if (!(error instanceof RpcError)) throw error
  const { message } = refusal('the executor refused the connection', error)
  throw new CallFailure('unavailable', message, true, { cause: error })
}

import { readFile } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import { isRunning } from '../gateway/ask-status.ts'
import { auditTo } from '../gateway/audit.ts'
import { AuditFile } from '../gateway/audit-file.ts'
import { type Gateway, startGateway } from '../gateway/gateway.ts'
import { GATEWAY_LIMITS } from '../gateway/limits.ts'
import { noiseHarness } from '../gateway/noise-harness.ts'
import { openNoiseKey } from '../gateway/noise-key.ts'
import { type Listening, openState, type State } from '../gateway/state.ts'
import type { ExecutorStatus } from '../gateway/status.ts'
import { systemClock } from '../util/clock.ts'
import { BridgeError } from '../util/errors.ts'
import type { Logger } from '../util/log.ts'
import { keepYoungGenerationSmall } from '../util/young-generation.ts'
import type { GatewayOptions } from './gateway-options.ts'

/** A gateway that runs in this process, with all it needs. Disposing it ends every connection, then the audit. */
export interface OpenGateway extends AsyncDisposable {
  readonly state: State
  readonly listening: Listening
  /** Nothing has run on this state before. */
  readonly isFirstStart: boolean
  /** Every executor it knows of, connected or not. */
  executors(): ExecutorStatus[]
}

/**
 * Starts the gateway of these options, and writes down where it listens for the commands beside it. Rejects with what to do when
 * the port is taken, or the state is that of another one which runs.
 */
export async function openGateway(options: GatewayOptions, logger: Logger): Promise<OpenGateway> {
  await keepYoungGenerationSmall()
  const state = await openState(options.stateDirectory)
  await refuseSecond(state)
  // What could not be read would else be met later, by each request.
  for (const file of [state.revoked, state.machines]) file.read()
  const audit = await openAudit(options, logger)
  const gateway = await start(options, logger, state, audit).catch(async (error: unknown) => {
    await audit?.[Symbol.asyncDispose]()
    throw isPortTaken(error) ? portTaken(options, error) : error
  })
  const listening = listeningOf(options, gateway)
  const isFirstStart = state.listening.read() === undefined
  await state.listening.update(() => listening)
  return {
    state,
    listening,
    isFirstStart,
    executors: gateway.executors,
    async [Symbol.asyncDispose]() {
      await gateway.close()
      await audit?.[Symbol.asyncDispose]()
    },
  }
}

/** Two on one state would each write over what the other knows, and commands beside them would reach the second alone. */
async function refuseSecond(state: State): Promise<void> {
  const listening = state.listening.read()
  if (!listening || !(await isRunning(state))) return
  const why = `the gateway at ${listening.localUrl} runs on it: end that one, or give another directory with --state`
  throw new BridgeError('conflict', `Cannot start on the state in "${state.directory}": ${why}`)
}

async function openAudit({ auditFile }: GatewayOptions, logger: Logger): Promise<AuditFile | undefined> {
  return auditFile === undefined ? undefined : AuditFile.open(auditFile, { logger, clock: systemClock })
}

async function start(
  { host, port, publicUrl, tls, isBehindProxy }: GatewayOptions,
  logger: Logger,
  state: State,
  audit: AuditFile | undefined,
): Promise<Gateway> {
  const noise = noiseHarness(await openNoiseKey(state), GATEWAY_LIMITS)
  const files = tls && (await readTls(tls))
  const watchers = audit ? [auditTo(audit)] : []
  return startGateway({ state, host, port, publicUrl, tls: files, isBehindProxy, noise, watchers, logger })
}

function isPortTaken(error: unknown): boolean {
  return (
    error instanceof Error &&
    error.cause instanceof Error &&
    'code' in error.cause &&
    error.cause.code === 'EADDRINUSE'
  )
}

function portTaken({ host, port }: GatewayOptions, cause: unknown): BridgeError {
  const state = `the port is taken, perhaps by another "env-mcp up" or "env-mcp gateway"`
  const message = `Cannot listen on ${host}:${port}: ${state}: end that one, or give another port with "--listen ${host}:${port === 65_535 ? port - 1 : port + 1}"`
  return new BridgeError('conflict', message, { cause })
}

function listeningOf(options: GatewayOptions, { port }: Gateway): Listening {
  const { host, tls, publicUrl } = options
  const scheme = tls ? 'https' : 'http'
  const address = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  const localUrl = `${scheme}://${address.includes(':') ? `[${address}]` : address}:${port}`
  return {
    localUrl,
    publicUrl: publicUrl?.replace(/\/+$/, '') ?? localUrl,
    ...(tls ? { certFile: tls.certFile } : {}),
  }
}

async function readTls({ certFile, keyFile }: NonNullable<GatewayOptions['tls']>) {
  const files = { cert: await readPem(certFile), key: await readPem(keyFile) }
  try {
    createSecureContext(files)
    return files
  } catch (error) {
    const message = `Cannot serve TLS with "${certFile}" and "${keyFile}": ${BridgeError.from(error).message}; give a certificate and its key, both PEM`
    throw new BridgeError('invalid_input', message, { cause: error })
  }
}

async function readPem(path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (error) {
    const { code, message } = BridgeError.from(error)
    throw new BridgeError(code, `Cannot read "${path}": ${message}`, { cause: error })
  }
}

import { readFile } from 'node:fs/promises'
import type { ProgramPaths } from '../app/codex-block.ts'
import { watchProcess } from '../app/process-events.ts'
import { auditTo } from '../gateway/audit.ts'
import { AuditFile } from '../gateway/audit-file.ts'
import { type Gateway, startGateway } from '../gateway/gateway.ts'
import { GATEWAY_LIMITS } from '../gateway/limits.ts'
import { noiseHarness } from '../gateway/noise-harness.ts'
import { openNoiseKey } from '../gateway/noise-key.ts'
import { defaultStateDirectory, type Listening, openState } from '../gateway/state.ts'
import { systemClock } from '../util/clock.ts'
import { deferred } from '../util/deferred.ts'
import { BridgeError } from '../util/errors.ts'
import { createLogger, type Logger } from '../util/log.ts'
import { type GatewayOptions, parseGatewayOptions } from './gateway-options.ts'
import { firstSteps, stateWords } from './gateway-words.ts'
import { print, refuse } from './terminal.ts'

/**
 * `env-mcp gateway`: runs until SIGTERM or SIGINT comes. Says where it listens as the first line on stdout; at its first
 * start also how to go on.
 */
export async function gatewayCommand(args: readonly string[], paths: ProgramPaths): Promise<number> {
  const parsed = parseGatewayOptions(args, process.env, process.cwd())
  if (parsed.ok) return run(parsed.options, paths)
  return refuse(parsed.message)
}

async function run(options: GatewayOptions, paths: ProgramPaths): Promise<number> {
  const stopped = deferred<void>()
  const logger = createLogger(options.log)
  using _ = watchProcess(stopped.resolve, logger)
  const state = await openState(options.stateDirectory)
  const audit = await openAudit(options, logger)
  const gateway = await start(options, logger, state, audit)
  const listening = listeningOf(options, gateway)
  const isFirstStart = state.listening.read() === undefined
  await state.listening.update(() => listening)
  await print(listening.localUrl)
  if (isFirstStart) {
    const usual = defaultStateDirectory(process.env)
    const words = { url: listening.publicUrl, stateWords: stateWords(options.stateDirectory, usual) }
    await print(`\n${firstSteps(paths, words)}\n`)
  }
  await stopped.promise
  await gateway.close()
  await audit?.[Symbol.asyncDispose]()
  await logger.close()
  return 0
}

async function openAudit({ auditFile }: GatewayOptions, logger: Logger): Promise<AuditFile | undefined> {
  return auditFile === undefined ? undefined : AuditFile.open(auditFile, { logger, clock: systemClock })
}

async function start(
  { host, port, publicUrl, tls, isBehindProxy }: GatewayOptions,
  logger: Logger,
  state: Awaited<ReturnType<typeof openState>>,
  audit: AuditFile | undefined,
): Promise<Gateway> {
  const noise = noiseHarness(await openNoiseKey(state), GATEWAY_LIMITS)
  const files = tls && { cert: await readPem(tls.certFile), key: await readPem(tls.keyFile) }
  const watchers = audit ? [auditTo(audit)] : []
  return startGateway({ state, host, port, publicUrl, tls: files, isBehindProxy, noise, watchers, logger })
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

async function readPem(path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (error) {
    const { code, message } = BridgeError.from(error)
    throw new BridgeError(code, `Cannot read "${path}": ${message}`, { cause: error })
  }
}

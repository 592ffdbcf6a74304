import type { ProgramPaths } from '../app/codex-block.ts'
import { watchProcess } from '../app/process-events.ts'
import { defaultStateDirectory } from '../gateway/state.ts'
import { deferred } from '../util/deferred.ts'
import { createLogger } from '../util/log.ts'
import { type GatewayOptions, parseGatewayOptions } from './gateway-options.ts'
import { firstSteps, stateWords } from './gateway-words.ts'
import { openGateway } from './open-gateway.ts'
import { print, refuse } from './terminal.ts'

/**
 * `env-mcp gateway`: runs until SIGTERM, SIGINT or SIGHUP comes. Says where it listens as the first line on stdout; at its first
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
  const gateway = await openGateway(options, logger)
  await print(gateway.listening.localUrl)
  if (gateway.isFirstStart) {
    const usual = defaultStateDirectory(process.env)
    const words = { url: gateway.listening.publicUrl, stateWords: stateWords(options.stateDirectory, usual) }
    await print(`\n${firstSteps(paths, words)}\n`)
  }
  await stopped.promise
  await gateway[Symbol.asyncDispose]()
  await logger.close()
  return 0
}

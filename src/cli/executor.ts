import { type ExecutorOptions, parseExecutorOptions } from '../app/options.ts'
import { watchProcess } from '../app/process-events.ts'
import { deferred } from '../util/deferred.ts'
import { createLogger } from '../util/log.ts'
import { print, printError } from './terminal.ts'

/**
 * `env-mcp executor`: this machine on a loopback WebSocket until SIGTERM or SIGINT comes, or the standard input ends if
 * so asked. Says where it listens as the one line on stdout.
 */
export async function executorCommand(args: readonly string[]): Promise<number> {
  const parsed = parseExecutorOptions(args, process.env, process.cwd())
  if (parsed.ok) return run(parsed.options)
  printError(parsed.message)
  return 2
}

async function run({ host, port, tokenEnv, exitOnStdinClose, log }: ExecutorOptions): Promise<number> {
  const stopped = deferred<void>()
  const logger = createLogger(log)
  using _ = watchProcess(stopped.resolve, logger)
  const hiddenVariables = tokenEnv === undefined ? [] : [tokenEnv]
  const token = tokenEnv === undefined ? undefined : process.env[tokenEnv]
  const { listenExecutor } = await import('../executor/listen.ts')
  const server = await listenExecutor({ host, port, token, executor: { hiddenVariables } })
  if (exitOnStdinClose) process.stdin.on('end', stopped.resolve).on('error', stopped.resolve).resume()
  await print(server.url)
  await stopped.promise
  await server.close()
  await logger.close()
  return 0
}

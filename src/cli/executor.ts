import { resolve } from 'node:path'
import type { ProgramPaths } from '../app/codex-block.ts'
import { type ExecutorDoor, type ExecutorOptions, parseExecutorOptions } from '../app/executor-options.ts'
import { watchProcess } from '../app/process-events.ts'
import { serviceFile } from '../app/service-file.ts'
import type { SessionsOptions } from '../executor/sessions.ts'
import type { Spool } from '../executor/spool.ts'
import { deferred } from '../util/deferred.ts'
import { BridgeError } from '../util/errors.ts'
import { createLogger, type Logger } from '../util/log.ts'
import { stateDirectory } from '../util/state-directory.ts'
import { keepYoungGenerationSmall } from '../util/young-generation.ts'
import { print, refuse } from './terminal.ts'

/**
 * `env-mcp executor`: this machine as an environment until SIGTERM, SIGINT or SIGHUP comes, or the standard input ends if so asked.
 * Says as the one line on stdout where it listens, or to what it is connected.
 */
export async function executorCommand(args: readonly string[], paths: ProgramPaths): Promise<number> {
  const parsed = parseExecutorOptions(args, process.env, process.cwd())
  if (!parsed.ok) return refuse(parsed.message)
  return parsed.options.printService ? printService(args, parsed.options, paths) : run(parsed.options)
}

/**
 * The system itself gives the user, and the variables: of those of this shell it has none. A group it would give besides those of the
 * user, where `--group` is that one alone: then the executor does both.
 */
async function printService(
  args: readonly string[],
  { identity, door }: ExecutorOptions,
  { node, program }: ProgramPaths,
): Promise<number> {
  const { NODE_EXTRA_CA_CERTS: ca } = process.env
  const variables: Record<string, string> = ca ? { NODE_EXTRA_CA_CERTS: resolve(ca) } : {}
  const secretVariable = door.kind === 'listen' ? door.tokenEnv : undefined
  const environment = { variables, secretVariable }
  const user = identity.group === undefined ? identity.user : undefined
  const rest = withoutFlags(args, { switches: ['print-service'], values: user === undefined ? [] : ['user'] })
  const command = { node, program, args: ['executor', ...rest], directory: process.cwd() }
  const service = { ...command, user, ...environment }
  await print(serviceFile(process.platform, service))
  return 0
}

/** A command line without some flags, in both forms they may have. */
function withoutFlags(
  args: readonly string[],
  { switches, values }: { switches: readonly string[]; values: readonly string[] },
): string[] {
  const isOf = (names: readonly string[], word: string | undefined) =>
    names.some((name) => word === `--${name}`)
  return args.filter((word, at) => {
    const isPair = values.some((name) => word.startsWith(`--${name}=`))
    return !isPair && !isOf(switches, word) && !isOf(values, word) && !isOf(values, args[at - 1])
  })
}

async function run(options: ExecutorOptions): Promise<number> {
  const { door, exitOnStdinClose, log } = options
  const { become } = await import('../executor/become.ts')
  become(options.identity)
  await keepYoungGenerationSmall()
  const stopped = deferred<void>()
  const logger = createLogger(log)
  using _ = watchProcess(stopped.resolve, logger)
  const server = await open(door, {
    logger,
    stop: stopped.resolve,
    executor: await sessionsOptions(options, logger),
  })
  if (exitOnStdinClose) process.stdin.on('end', stopped.resolve).on('error', stopped.resolve).resume()
  // Between two connections nothing else keeps the process alive.
  const alive = setInterval(() => {}, 2 ** 30)
  await stopped.promise
  clearInterval(alive)
  await server.close()
  await logger.close()
  return 0
}

interface Server {
  close(): Promise<void>
}

interface Life {
  readonly logger: Logger
  readonly executor: SessionsOptions
  /** Ends the program. */
  stop(): void
}

function open(door: ExecutorDoor, life: Life): Promise<Server> {
  switch (door.kind) {
    case 'listen':
      return listen(door, life)
    case 'gateway':
      return join(door, life)
    case 'stdio':
      return serveStdio(life)
  }
}

async function sessionsOptions(
  { shared, root, isReadOnly }: ExecutorOptions,
  logger: Logger,
): Promise<SessionsOptions> {
  const { makeBounds } = await import('../executor/bounds.ts')
  const bounds = await makeBounds({ root, isReadOnly })
  if (!shared) return { bounds }
  return { bounds, shared: { retainMs: shared.retainMs, spool: await openSpool(shared, logger) } }
}

/** Rejects when the directory that was given cannot be used; without the user's own one output is kept as far as memory goes. */
async function openSpool(
  { spoolDirectory: given }: { readonly spoolDirectory: string | undefined },
  logger: Logger,
): Promise<Spool> {
  const { Spool } = await import('../executor/spool.ts')
  const onFailure = (error: unknown) =>
    logger.error({ error: String(error) }, 'output not written to the spool')
  const spool = new Spool({ directory: given ?? stateDirectory('spool', process.env), onFailure })
  await spool.check().catch((error: unknown) => {
    if (given !== undefined) throw error
    logger.warn({ why: BridgeError.from(error).message }, 'output beyond 1 MB of a process is not kept')
  })
  return spool
}

async function listen(
  { host, port, tokenEnv }: ExecutorDoor & { kind: 'listen' },
  life: Life,
): Promise<Server> {
  const { listenExecutor } = await import('../executor/listen.ts')
  const token = tokenEnv === undefined ? undefined : process.env[tokenEnv]
  const executor = { ...life.executor, hiddenVariables: tokenEnv === undefined ? [] : [tokenEnv] }
  const server = await listenExecutor({ host, port, token, executor })
  await print(server.url)
  return server
}

/** A token that cannot be read, or has no name, is told at once; all that comes later is a reason to try again. */
async function join(door: ExecutorDoor & { kind: 'gateway' }, { logger, executor }: Life): Promise<Server> {
  const { joinExecutor } = await import('../executor/join.ts')
  const { url, tokenFile, name, description } = door
  let isFirst = true
  const onConnected = (as: string) => {
    if (isFirst) void print(`Connected to ${url} as "${as}"`)
    isFirst = false
  }
  return await joinExecutor({ url, tokenFile, name, description, executor, logger, onConnected })
}

async function serveStdio({ stop, executor }: Life): Promise<Server> {
  const { serveOnStdio } = await import('../executor/on-stdio.ts')
  const server = serveOnStdio(process.stdin, process.stdout, executor)
  void server.closed.then(stop)
  return server
}

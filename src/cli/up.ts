import { codexBlock, type ProgramPaths } from '../app/codex-block.ts'
import { watchProcess } from '../app/process-events.ts'
import { defaultStateDirectory } from '../gateway/state.ts'
import { systemClock } from '../util/clock.ts'
import { deferred } from '../util/deferred.ts'
import { createLogger } from '../util/log.ts'
import { type ExecutorProcess, startExecutorProcess } from './executor-process.ts'
import { programWords, serveFlags, sshLines, stateWords } from './gateway-words.ts'
import { KeptExecutor } from './kept-executor.ts'
import { type OpenGateway, openGateway } from './open-gateway.ts'
import { showExecutors } from './show-executors.ts'
import { createStory } from './story.ts'
import { print, refuse } from './terminal.ts'
import { keepWorkspaceToken, writeJoinToken } from './token-files.ts'
import { parseUpOptions, type UpOptions } from './up-options.ts'

/** The workspace that all is in: who needs more than one runs `env-mcp gateway`. */
const WORKSPACE = 'main'

/**
 * `env-mcp up`: a gateway on loopback in this process, and an executor for this machine and directory in a child, which is started
 * again when it ends, until SIGTERM, SIGINT or SIGHUP comes. Prints the block for Codex, how another machine joins, and who comes and goes.
 */
export async function upCommand(args: readonly string[], paths: ProgramPaths): Promise<number> {
  const parsed = parseUpOptions(args, process.env, process.cwd())
  return parsed.ok ? run(parsed.options, paths) : refuse(parsed.message)
}

async function run(options: UpOptions, paths: ProgramPaths): Promise<number> {
  const stopped = deferred<void>()
  const logger = createLogger(options.gateway.log)
  using _ = watchProcess(stopped.resolve, logger)
  {
    await using gateway = await openGateway(options.gateway, logger)
    const keeping = { workspaceId: WORKSPACE, clock: systemClock, logger }
    using token = await keepWorkspaceToken(gateway.state, keeping)
    explain(gateway, { name: options.name, paths, tokenFile: token.path })
    using show = showExecutors({ read: gateway.executors, output: process.stdout, clock: systemClock })
    const start = await thisMachine(gateway, options, paths)
    await using _machine = new KeptExecutor({ start, say: show.say, clock: systemClock })
    await stopped.promise
  }
  await logger.close()
  await print('\nEnded')
  return 0
}

/** Starts this machine's executor in a process of its own, which ends with this one however it ends, and everything that runs on it too. */
async function thisMachine(
  { state, listening }: OpenGateway,
  { name, gateway }: UpOptions,
  paths: ProgramPaths,
): Promise<() => ExecutorProcess> {
  const claims = { workspaceId: WORKSPACE, name, description: 'The machine of the gateway', isDefault: true }
  const join = ['--gateway', listening.localUrl, '--token-file', await writeJoinToken(state, claims)]
  const flags = [...join, '--log-level', gateway.log.level]
  const directory = process.cwd()
  return () => startExecutorProcess(paths, { directory, flags })
}

function explain(
  { listening, state }: OpenGateway,
  { name, paths, tokenFile }: { name: string; paths: ProgramPaths; tokenFile: string },
): void {
  const story = createStory(process.stdout)
  const { localUrl } = listening
  story.title('env-mcp is up: Ctrl-C ends it, and all that runs on this machine through it')
  story.step('A gateway is listening', localUrl)
  story.step(`This machine joins it as "${name}"`, process.cwd())
  const flags = [...serveFlags(localUrl, WORKSPACE), '--workspace-token-file', tokenFile]
  story.block('Codex works on what is connected with this in ~/.codex/config.toml:', codexBlock(paths, flags))
  const beside = stateWords(state.directory, defaultStateDirectory(process.env))
  const tokenCommand = `${programWords(paths)} gateway token join --workspace ${WORKSPACE} --name HOST${beside}`
  const { codex, ours } = sshLines({ url: localUrl, tokenCommand })
  story.block(
    'Another machine joins with this, run here, and HOST as ssh knows it (codex 0.136 or later there):',
    codex,
  )
  story.block('The same, with env-mcp there instead of codex:', ours)
  story.title('Executors')
}

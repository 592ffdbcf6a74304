import { codexBlock, type ProgramPaths } from '../app/codex-block.ts'
import { watchProcess } from '../app/process-events.ts'
import { defaultStateDirectory } from '../gateway/state.ts'
import { systemClock } from '../util/clock.ts'
import { deferred } from '../util/deferred.ts'
import { createLogger } from '../util/log.ts'
import { startExecutorProcess } from './executor-process.ts'
import { programWords, serveFlags, stateWords } from './gateway-words.ts'
import { type OpenGateway, openGateway } from './open-gateway.ts'
import { showExecutors } from './show-executors.ts'
import { createStory } from './story.ts'
import { print, printError, refuse } from './terminal.ts'
import { keepWorkspaceToken, writeJoinToken } from './token-files.ts'
import { parseUpOptions, type UpOptions } from './up-options.ts'

/** The workspace that all is in: who needs more than one runs `env-mcp gateway`. */
const WORKSPACE = 'main'

/**
 * `env-mcp up`: a gateway on loopback in this process, and an executor for this machine and directory in a child, until SIGTERM or
 * SIGINT comes. Prints the block for Codex, how another machine joins, and who comes and goes.
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
    await using _machine = await joinThisMachine(gateway, options, paths)
    using _show = showExecutors({ read: gateway.executors, output: process.stdout, clock: systemClock })
    await stopped.promise
  }
  await logger.close()
  await print('\nEnded')
  return 0
}

/** In a process of its own, which ends with this one however it ends, and everything that runs on it too. */
async function joinThisMachine(
  { state, listening }: OpenGateway,
  { name, gateway }: UpOptions,
  paths: ProgramPaths,
): Promise<AsyncDisposable> {
  const claims = { workspaceId: WORKSPACE, name, description: 'The machine of the gateway', isDefault: true }
  const flags = ['--gateway', listening.localUrl, '--token-file', await writeJoinToken(state, claims)]
  const directory = process.cwd()
  const executor = startExecutorProcess(paths, {
    directory,
    flags: [...flags, '--log-level', gateway.log.level],
  })
  let isStopping = false
  void executor.ended.then((how) => {
    if (!isStopping) printError(`The executor of this machine has ended (${how}): start "env-mcp up" anew`)
  })
  return {
    async [Symbol.asyncDispose]() {
      isStopping = true
      await executor.stop()
    },
  }
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
  const join = `${programWords(paths)} gateway token join --workspace ${WORKSPACE} --name NAME${beside}`
  story.block('Another machine joins with what this prints:', join)
  story.title('Executors')
}

import { join } from 'node:path'
import { codexBlock, type ProgramPaths } from '../app/codex-block.ts'
import { watchProcess } from '../app/process-events.ts'
import { joinExecutor } from '../executor/join.ts'
import { askStatus } from '../gateway/ask-status.ts'
import type { State } from '../gateway/state.ts'
import { mintJoinToken, secondsNow } from '../gateway/tokens.ts'
import { writeAtomically } from '../util/atomic-file.ts'
import { systemClock } from '../util/clock.ts'
import { deferred } from '../util/deferred.ts'
import { createLogger } from '../util/log.ts'
import { programWords, shellWord } from './gateway-words.ts'
import { type OpenGateway, openGateway } from './open-gateway.ts'
import { showExecutors } from './show-executors.ts'
import { createStory } from './story.ts'
import { refuse } from './terminal.ts'
import { parseUpOptions, type UpOptions } from './up-options.ts'

/** The workspace that all is in: who needs more than one runs `env-mcp gateway`. */
const WORKSPACE = 'main'

/**
 * `env-mcp up`: a gateway on loopback and this machine as its first executor, in one process, until SIGTERM or SIGINT comes. Prints
 * the block for Codex, how another machine joins, and who comes and goes.
 */
export async function upCommand(args: readonly string[], paths: ProgramPaths): Promise<number> {
  const parsed = parseUpOptions(args, process.env, process.cwd())
  return parsed.ok ? run(parsed.options, paths) : refuse(parsed.message)
}

async function run({ gateway: options, name }: UpOptions, paths: ProgramPaths): Promise<number> {
  const stopped = deferred<void>()
  const logger = createLogger(options.log)
  using _ = watchProcess(stopped.resolve, logger)
  const gateway = await openGateway(options, logger)
  const { state, listening } = gateway
  const tokenFile = await writeJoinToken(state, name)
  const machine = await joinExecutor({ url: listening.localUrl, tokenFile, name, logger })
  explain(gateway, paths)
  const show = showExecutors({ read: () => askStatus(state), output: process.stdout, clock: systemClock })
  await stopped.promise
  await show[Symbol.asyncDispose]()
  await machine.close()
  await gateway[Symbol.asyncDispose]()
  await logger.close()
  return 0
}

/** For this machine, in the state, 0600 as all of it; anew at each start, so that it is of the newest key. */
async function writeJoinToken(state: State, name: string): Promise<string> {
  const claims = { workspaceId: WORKSPACE, name, description: 'The machine of the gateway', isDefault: true }
  const path = join(state.directory, 'this-machine.token')
  await writeAtomically(path, `${mintJoinToken(state.keys.read(), claims, secondsNow())}\n`)
  return path
}

function explain({ state, listening }: OpenGateway, paths: ProgramPaths): void {
  const story = createStory(process.stdout)
  const { localUrl } = listening
  story.title(`env-mcp is up at ${localUrl}`)
  story.block('To let Codex work on what is connected, put this into ~/.codex/config.toml:', upBlock(paths, localUrl, state))
  const join = `${programWords(paths)} gateway token join --workspace ${WORKSPACE} --name NAME --state ${shellWord(state.directory)}`
  story.block('To let another machine join, this says what to run there:', join)
  story.title('Executors (Ctrl-C ends it all)')
}

/** With a command that makes tokens, so that nothing has to be copied, exported or renewed. */
function upBlock(paths: ProgramPaths, url: string, state: State): string {
  const words = [paths.node, paths.program, 'gateway', 'token', 'workspace', '--workspace', WORKSPACE]
  const mint = [...words, '--state', state.directory].map(shellWord).join(' ')
  return codexBlock(paths, [
    ...['serve', '--workspace-id', WORKSPACE, '--exec-gateway-url', `${url.replace(/^http/, 'ws')}/bridge`],
    ...['--exec-gateway-internal-url', url, '--workspace-token-command', mint],
  ])
}

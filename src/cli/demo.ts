import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ChildServer, startChildServer } from '../app/child-server.ts'
import { codexBlock, type ProgramPaths } from '../app/codex-block.ts'
import { systemClock } from '../util/clock.ts'
import { BridgeError } from '../util/errors.ts'
import { createLogger } from '../util/log.ts'
import { throwIfAborted, waitFor } from '../util/signals.ts'
import { startExecutorProcess } from './executor-process.ts'
import { programWords, serveFlags } from './gateway-words.ts'
import { interruptible } from './interruptible.ts'
import { type OpenGateway, openGateway } from './open-gateway.ts'
import { createStory, type Story } from './story.ts'
import { keepWorkspaceToken, writeJoinToken } from './token-files.ts'

/** The workspace of the story. */
const WORKSPACE = 'demo'

/**
 * A true story in a few seconds: a gateway, two machines that dial in (two directories of this one, each with an executor process of
 * its own), and this program between them and an agent, started as an agent starts it. Every step is verified; gives the exit
 * code: 0 when all of it held, 1 when something did not. Ctrl-C ends its parts in order, then removes what they wrote.
 */
export function demoCommand(paths: ProgramPaths): Promise<number> {
  const story = createStory(process.stdout)
  return interruptible(async (signal) => {
    signal.addEventListener('abort', () => story.hint(INTERRUPTED), { once: true })
    const root = await mkdtemp(join(tmpdir(), 'env-mcp-demo-'))
    try {
      await tell(story, root, { paths, signal })
      story.block('To let Codex work on this machine, put this into ~/.codex/config.toml:', codexBlock(paths))
      story.hint(
        `A gateway that stays, for this machine and others, with a block of its own: ${programWords(paths)} up`,
      )
      return 0
    } catch (error) {
      if (!signal.aborted) story.fail(BridgeError.from(error).text)
      return 1
    } finally {
      await rm(root, { recursive: true, force: true })
    }
  })
}

/** Ending in order takes a moment. */
const INTERRUPTED = 'Interrupted: its parts are ended, and its files removed. Ctrl-C again ends it at once'

interface Told {
  readonly paths: ProgramPaths
  /** Ends the story wherever it waits. */
  readonly signal: AbortSignal
}

async function tell(story: Story, root: string, { paths, signal }: Told): Promise<void> {
  const startedAt = performance.now()
  story.title('env-mcp: one agent, two machines')
  await using gateway = await startGateway(root)
  const { localUrl } = gateway.listening
  story.step('A gateway is listening', `env-mcp gateway, at ${localUrl}`)
  throwIfAborted(signal)
  await using laptop = await startMachine(paths, root, gateway, 'laptop')
  await using server = await startMachine(paths, root, gateway, 'server')
  for (const { firstLine, directory } of [laptop, server]) {
    const line = await waitFor(firstLine, signal)
    verify(line.startsWith(`Connected to ${localUrl}`), 'the executor has dialled in', line)
    story.step('An executor has dialled in', `env-mcp executor, in ${directory}`)
  }

  using token = await keepWorkspaceToken(gateway.state, KEEPING)
  const flags = [...serveFlags(localUrl, WORKSPACE), '--workspace-token-file', token.path]
  const args = [paths.program, ...flags, '--log-level', 'warn']
  await using agent = await startChildServer(paths.node, args, signal)
  story.step('A server runs as a child, as an agent starts it', `env-mcp serve, process ${agent.pid}`)

  await listEnvironments(story, agent)
  await runCommands(story, agent, { laptop: laptop.directory, server: server.directory })
  await patchFile(story, agent, laptop.directory)
  await longCommand(story, agent)
  await copyFile(story, agent, laptop.directory, server.directory)
  story.step('All of it verified', `${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
}

/** What says nothing unless it goes wrong. */
const LOG = { level: 'error', file: undefined } as const
const KEEPING = { workspaceId: WORKSPACE, clock: systemClock, logger: createLogger(LOG) }

/** The real one, on a free port, in this process: it cannot outlive the story. */
function startGateway(root: string): Promise<OpenGateway> {
  const options = {
    ...{ host: '127.0.0.1', port: 0, publicUrl: undefined, tls: undefined, isBehindProxy: false },
    ...{ stateDirectory: join(root, 'gateway'), auditFile: undefined, log: LOG },
  }
  return openGateway(options, KEEPING.logger)
}

async function startMachine(
  paths: ProgramPaths,
  root: string,
  { state, listening }: OpenGateway,
  name: string,
) {
  const directory = join(root, name)
  await mkdir(directory)
  const claims = { workspaceId: WORKSPACE, name, description: `The ${name} of the demo`, isDefault: false }
  const tokenFile = await writeJoinToken(state, claims)
  const flags = ['--gateway', listening.localUrl, '--token-file', tokenFile, '--log-level', LOG.level]
  const { firstLine, stop } = startExecutorProcess(paths, { directory, flags })
  return { directory, firstLine, [Symbol.asyncDispose]: stop }
}

async function listEnvironments(story: Story, agent: ChildServer): Promise<void> {
  const answer = await agent.call('list_environments', {})
  verify(answer.includes('laptop') && answer.includes('server'), 'both environments are listed', answer)
  story.call('list_environments', {}, answer)
}

async function runCommands(
  story: Story,
  agent: ChildServer,
  directories: Record<string, string>,
): Promise<void> {
  for (const [name, directory] of Object.entries(directories)) {
    const args = { environment_id: name, command: 'echo "hello from $(pwd)"' }
    const answer = await agent.call('shell', args)
    verify(
      answer.includes(`hello from`) && answer.includes(directory),
      `the command ran in ${directory}`,
      answer,
    )
    story.call('shell', args, answer)
  }
}

async function patchFile(story: Story, agent: ChildServer, directory: string): Promise<void> {
  await writeFile(join(directory, 'greet.py'), 'def greet(name):\n    return "Hi " + name\n')
  const patch = [
    '*** Begin Patch',
    '*** Update File: greet.py',
    '@@ def greet(name):',
    '-    return "Hi " + name',
    '+    return f"Hello, {name}!"',
    '*** End Patch',
  ].join('\n')
  const answer = await agent.call('apply_patch', { environment_id: 'laptop', patch })
  const text = await readFile(join(directory, 'greet.py'), 'utf8')
  verify(text === 'def greet(name):\n    return f"Hello, {name}!"\n', 'the file holds the new line', text)
  story.call('apply_patch', { environment_id: 'laptop', patch: '*** Update File: greet.py …' }, answer)
}

async function longCommand(story: Story, agent: ChildServer): Promise<void> {
  const command = 'for i in 1 2 3 4 5; do echo "step $i of 5"; sleep 0.2; done; echo built > app.txt'
  const args = { environment_id: 'server', command, yield_time_ms: 300 }
  const first = await agent.call('exec_command', args)
  story.call('exec_command', args, first)
  const session = /session ID (\S+)/.exec(first)?.[1]
  verify(session !== undefined, 'the command runs on under a session id', first)
  const rest = { session_id: session, wait_for: 'exit', yield_time_ms: 10_000 }
  const answer = await agent.call('read_output', rest)
  verify(answer.includes('exited with code 0') && answer.includes('step 5 of 5'), 'the rest was read', answer)
  story.call('read_output', rest, answer)
}

async function copyFile(story: Story, agent: ChildServer, from: string, to: string): Promise<void> {
  const args = {
    source_environment_id: 'laptop',
    source_path: 'greet.py',
    destination_environment_id: 'server',
    destination_path: 'deploy/greet.py',
  }
  const answer = await agent.call('copy_path', args)
  const [source, copy] = await Promise.all([
    sha256(join(from, 'greet.py')),
    sha256(join(to, 'deploy/greet.py')),
  ])
  verify(source === copy, 'source and copy have the same sha256', `${source} ${copy}`)
  story.call('copy_path', args, answer)
}

async function sha256(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
}

function verify(holds: boolean, what: string, seen: string): void {
  if (!holds) throw new BridgeError('internal', `Not so: ${what}. Seen: ${JSON.stringify(seen)}`)
}

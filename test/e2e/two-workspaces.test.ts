import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Client } from '@modelcontextprotocol/client'
import { getDefaultEnvironment, StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { describe, expect, it } from 'vitest'
import { startExecutorProcess } from '../../src/cli/executor-process.ts'
import { type GatewayRig, startGatewayRig } from '../support/gateway-rig.ts'
import { tempDirectory } from '../support/temp-directory.ts'

const PATHS = { node: process.execPath, program: join(process.cwd(), 'dist/bin.js') }
const NAMES = ['alpha', 'beta'] as const

/** An agent of a workspace: calls a tool of the built server and gives its text. */
async function startAgent(rig: GatewayRig, workspace: string) {
  const bridge = [
    '--exec-gateway-url',
    `${rig.url.replace('http', 'ws')}/bridge`,
    '--workspace-id',
    workspace,
  ]
  const list = ['--exec-gateway-internal-url', rig.url, '--workspace-token-env', 'TOKEN']
  const env = { ...getDefaultEnvironment(), TOKEN: rig.workspaceToken(workspace) }
  const client = new Client({ name: 'test', version: '1' })
  const args = [PATHS.program, '--log-level=error', ...bridge, ...list]
  await client.connect(new StdioClientTransport({ command: PATHS.node, args, env }))
  return {
    async call(name: string, input: Record<string, unknown> = {}): Promise<string> {
      const { content } = await client.callTool({ name, arguments: input })
      return content.map((part) => (part.type === 'text' ? part.text : '')).join('\n')
    },
    [Symbol.asyncDispose]: () => client.close(),
  }
}

/** Two workspaces, each with an agent and two machines; the machines have the same names in both. */
async function twoWorkspaces() {
  const rig = await startGatewayRig({ limits: { machinesPollMs: 20 } })
  const root = await tempDirectory()
  const stops: (() => Promise<void>)[] = []
  const inWorkspace = async (workspace: string) => {
    for (const name of NAMES) {
      const directory = join(root.path, workspace, name)
      await mkdir(directory, { recursive: true })
      const flags = ['--listen', 'ws://127.0.0.1:0']
      const executor = startExecutorProcess(PATHS, { directory, flags })
      stops.push(executor.stop)
      const url = await executor.firstLine
      const machine = { workspaceId: workspace, name, url, description: '', isDefault: false }
      await rig.state.machines.update((machines) => [...machines, machine])
    }
    const agent = await startAgent(rig, workspace)
    await expect.poll(() => agent.call('list_environments'), { timeout: 5000 }).toMatch(/alpha(.|\n)+beta/)
    stops.push(() => agent[Symbol.asyncDispose]())
    return { workspace, agent, path: (...parts: string[]) => join(root.path, workspace, ...parts) }
  }
  const both = await Promise.all(['ours', 'theirs'].map(inWorkspace))
  return {
    rig,
    both,
    async [Symbol.asyncDispose]() {
      for (const stop of stops.reverse()) await stop()
      await rig[Symbol.asyncDispose]()
      await root[Symbol.asyncDispose]()
    },
  }
}

type Side = Awaited<ReturnType<typeof twoWorkspaces>>['both'][number]

/** Every tool on a machine; each result must be of that machine. */
async function useEveryTool({ workspace, agent, path }: Side, name: string): Promise<void> {
  const mark = `${workspace} ${name}`
  const call = (tool: string, input: object = {}) => agent.call(tool, { environment_id: name, ...input })
  await writeFile(path(name, 'own.txt'), `${mark}\n`)
  const session = async () => {
    const started = await call('exec_command', {
      command: 'read -r x; cat own.txt; echo "$x"',
      yield_time_ms: 0,
    })
    const [, session_id] = /session ID (\S+)/.exec(started) ?? []
    await call('write_stdin', { session_id, chars: 'go\n' })
    const output = await call('read_output', {
      session_id,
      after_seq: 0,
      wait_for: 'exit',
      yield_time_ms: 9000,
    })
    expect(output).toContain(`${mark}\ngo`)
  }
  const ended = async () => {
    const started = await call('exec_command', { command: ['sleep', '300'], yield_time_ms: 0 })
    const [, session_id] = /session ID (\S+)/.exec(started) ?? []
    expect(await call('terminate', { session_id })).toMatch(/exited|killed/)
  }
  const patch = `*** Begin Patch\n*** Add File: patched.txt\n+${mark}\n*** End Patch`
  const copy = { source_environment_id: name, source_path: 'own.txt', destination_path: `from-${name}.txt` }
  await Promise.all([
    call('shell', { command: 'cat own.txt' }).then((text) => expect(text).toContain(mark)),
    call('read_file', { path: 'own.txt' }).then((text) => expect(text).toContain(mark)),
    call('apply_patch', { patch }).then((text) => expect(text).toContain('A patched.txt')),
    agent.call('copy_path', { ...copy, destination_environment_id: name === 'alpha' ? 'beta' : 'alpha' }),
    agent.call('list_environments').then((text) => expect(text).not.toContain('not connected')),
    session(),
    ended(),
  ])
  expect(await readFile(path(name, 'patched.txt'), 'utf8')).toBe(`${mark}\n`)
}

describe('two workspaces behind one gateway', () => {
  it('use all tools on machines of the same names at once, each its own', async () => {
    await using rig = await twoWorkspaces()
    await Promise.all(rig.both.flatMap((side) => NAMES.map((name) => useEveryTool(side, name))))
    for (const { workspace, path } of rig.both) {
      expect(await readFile(path('beta', 'from-alpha.txt'), 'utf8')).toBe(`${workspace} alpha\n`)
      expect(await readFile(path('alpha', 'from-beta.txt'), 'utf8')).toBe(`${workspace} beta\n`)
    }
  }, 30_000)

  it('cannot name the machines of the other, not even by their ids', async () => {
    await using rig = await twoWorkspaces()
    const [ours] = rig.both
    for (const environment_id of [rig.rig.exeId('theirs', 'alpha'), 'theirs/alpha', 'gamma'])
      expect(await ours!.agent.call('shell', { environment_id, command: 'id' })).toMatch(/^\[not_found\]/)
  }, 30_000)
})

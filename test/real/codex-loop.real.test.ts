import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { codexExec } from './support/codex-exec.ts'
import { type ExecServer, startExecServer } from './support/exec-server.ts'
import { GatewayProgram } from './support/gateway-program.ts'
import { say, type Turn } from './support/model.ts'
import { type Call, MODES } from './support/modes.ts'
import { startRemoteExecServer } from './support/remote-exec-server.ts'
import type { Transcript } from './support/transcript.ts'

const TOOLS = [
  'list_environments',
  'shell',
  'exec_command',
  'write_stdin',
  'read_output',
  'terminate',
  'read_file',
  'apply_patch',
  'copy_path',
]

describe.each(MODES)('codex exec in $mode', ({ model, call, declared }) => {
  test('works on two machines through our tools', async () => {
    await using one = await startExecServer('0.169.0')
    await using two = await startExecServer('0.169.0')
    await writeFile(join(one.cwd, 'hello.txt'), 'hello\n')
    const { opening, transcript } = await codexExec({
      version: '0.169.0',
      model,
      args: environments({ one, two }),
      turns: story(call),
      timeoutMs: 60_000,
    })
    expect(opening.tools).toMatch(declared)
    for (const tool of TOOLS) expect(opening.tools).toContain(tool)
    checkCommands(transcript, one, two)
    checkSessions(transcript)
    await checkFiles(transcript, one, two)
    checkFailures(transcript)
  })

  test('works on two machines that have dialled in to a gateway', async () => {
    await using gateway = await GatewayProgram.start()
    await using one = await startRemoteExecServer(gateway, { name: 'one', version: '0.169.0', by: 'key' })
    await using two = await startRemoteExecServer(gateway, { name: 'two', version: '0.142.5', by: 'key' })
    await expect.poll(() => gateway.status(), { timeout: 20_000 }).toContain('2 of 2 executors connected')
    await writeFile(join(one.cwd, 'hello.txt'), 'hello\n')
    const args = await gateway.serveFlags()
    const turns = story(call)
    const { transcript } = await codexExec({ version: '0.169.0', model, args, turns, timeoutMs: 60_000 })
    checkCommands(transcript, one, two)
    checkSessions(transcript)
    await checkFiles(transcript, one, two)
    checkFailures(transcript)
  })

  test('stops the command on the machine when codex gives up the call', async () => {
    await using one = await startExecServer('0.169.0')
    const { transcript } = await codexExec({
      version: '0.169.0',
      model,
      args: environments({ one }),
      turns: [() => [call('slow', 'shell', { command: ['sleep', '300'] })], () => [say('Done.')]],
      settings: ['mcp_servers.env.tool_timeout_sec=1'],
      timeoutMs: 60_000,
    })
    expect(transcript.output('slow')).toMatch('timed out awaiting tools/call')
    await expect.poll(() => one.children(), { timeout: 5000 }).toEqual([])
  })
})

function environments(servers: Record<string, ExecServer>): string[] {
  return Object.entries(servers).map(([name, { url }]) => `--environment=${name}=${url}`)
}

/** What the model does, answer by answer. Later turns use the session ids of earlier ones. */
function story(call: Call): Turn[] {
  const one = { environment_id: 'one' }
  const patch = '*** Begin Patch\n*** Update File: hello.txt\n@@\n-hello\n+hello world\n*** End Patch'
  const copy = { source_environment_id: 'one', destination_environment_id: 'two' }
  const session = (seen: Transcript, id: string) => ({ session_id: seen.found(id, /session ID (\S+)/) })
  return [
    () => [
      call('list', 'list_environments', {}),
      call('pwd-one', 'shell', { ...one, command: ['pwd'] }),
      call('pwd-two', 'shell', { command: 'pwd', environment_id: 'two' }),
      call('unknown', 'shell', { command: 'pwd', environment_id: 'tow' }),
    ],
    () => [
      call('start', 'exec_command', {
        ...one,
        cmd: 'while read -r x; do echo "got $x"; done',
        yield_time_ms: 0,
      }),
      call('late', 'shell', { ...one, command: ['sleep', '300'], timeout_ms: 500 }),
    ],
    (seen) => [
      call('write', 'write_stdin', { ...session(seen, 'start'), chars: 'this\n' }),
      call('end', 'terminate', session(seen, 'late')),
    ],
    (seen) => [call('read', 'read_output', { ...session(seen, 'start'), after_seq: 0, wait_for: 'got' })],
    (seen) => [
      call('kill', 'terminate', { ...session(seen, 'start'), signal: 'KILL' }),
      call('patch', 'apply_patch', { ...one, patch }),
    ],
    () => [call('file', 'read_file', { ...one, path: 'hello.txt' })],
    () => [call('copy', 'copy_path', { ...copy, source_path: 'hello.txt', destination_path: 'in/copy.txt' })],
    () => [say('Done.')],
  ]
}

/** Where a machine works. */
type Place = Pick<ExecServer, 'cwd'>

function checkCommands(seen: Transcript, one: Place, two: Place): void {
  expect(seen.output('list')).toMatch(/"one"[\s\S]*"two"/)
  expect(seen.output('pwd-one')).toMatch(/^Process exited with code 0$/m)
  expect(seen.output('pwd-one')).toContain(`\n${one.cwd}\n`)
  expect(seen.output('pwd-two')).toContain(`\n${two.cwd}\n`)
}

function checkSessions(seen: Transcript): void {
  expect(seen.output('start')).toMatch(/^Process running with session ID one\/\S+$/m)
  expect(seen.output('write')).toMatch(/^Process running with session ID one\/\S+$/m)
  expect(seen.output('read')).toMatch(/^got this$/m)
  expect(seen.output('kill')).toMatch(/^Process exited with code 137$/m)
  expect(seen.output('late')).toMatch(/^Process running with session ID one\/\S+$/m)
  expect(seen.output('end')).toMatch(/^Process exited with code 130$/m)
}

async function checkFiles(seen: Transcript, one: Place, two: Place): Promise<void> {
  expect(seen.output('patch')).toMatch(/^M hello\.txt: ok$/m)
  expect(seen.output('file')).toMatch(/^hello world$/m)
  expect(seen.output('copy')).toMatch(/sha256/)
  expect(await readFile(join(one.cwd, 'hello.txt'), 'utf8')).toBe('hello world\n')
  expect(await readFile(join(two.cwd, 'in/copy.txt'), 'utf8')).toBe('hello world\n')
}

function checkFailures(seen: Transcript): void {
  expect(seen.output('unknown')).toMatch(/^\[not_found\] No environment "tow".*"one", "two"/m)
}

import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Client, type ClientOptions } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startExecutorProcess } from '../../src/cli/executor-process.ts'
import { CLIENT_MODES } from '../support/client-modes.ts'
import { type TempDirectory, tempDirectory } from '../support/temp-directory.ts'

const PATHS = { node: process.execPath, program: join(process.cwd(), 'dist/bin.js') }
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

interface Machine {
  readonly directory: string
  readonly url: string
  stop(): Promise<void>
}

/** Two executor processes, as two machines, each in a directory of its own. */
async function startMachine(root: string, name: string): Promise<Machine> {
  const directory = join(root, name)
  await mkdir(directory)
  const { firstLine, stop } = startExecutorProcess(PATHS, {
    directory,
    flags: ['--listen', 'ws://127.0.0.1:0'],
  })
  return { directory, url: await firstLine, stop }
}

async function connect(flags: readonly string[], options: ClientOptions) {
  const args = [PATHS.program, '--log-level=error', ...flags]
  const client = new Client({ name: 'official', version: '2' }, options)
  await client.connect(new StdioClientTransport({ command: PATHS.node, args }))
  return {
    client,
    async call(name: string, input: Record<string, unknown> = {}) {
      const { content, isError } = await client.callTool({ name, arguments: input })
      const text = content.map((part) => (part.type === 'text' ? part.text : `(${part.type})`)).join('\n')
      return { text, isError: isError === true, content }
    },
    [Symbol.asyncDispose]: () => client.close(),
  }
}

describe.each(CLIENT_MODES)(
  'the tools of the built program, for a client in the mode "%s"',
  (_name, era, options) => {
    let root: TempDirectory
    let box: Machine
    let gpu: Machine
    let agent: Awaited<ReturnType<typeof connect>>

    beforeAll(async () => {
      root = await tempDirectory()
      ;[box, gpu] = await Promise.all([startMachine(root.path, 'box'), startMachine(root.path, 'gpu')])
      agent = await connect([`--environment=box=${box.url}`, `--environment=gpu=${gpu.url}`], options)
    })

    afterAll(async () => {
      await agent[Symbol.asyncDispose]()
      await Promise.all([box.stop(), gpu.stop()])
      await root[Symbol.asyncDispose]()
    })

    beforeEach(() => expect(agent.client.getProtocolEra()).toBe(era))

    it('are nine, in a fixed order, each with a schema of at most 3,500 bytes and honest hints', async () => {
      const { tools } = await agent.client.listTools()
      expect(tools.map(({ name }) => name)).toEqual([
        'list_environments',
        'shell',
        'exec_command',
        'write_stdin',
        'read_output',
        'terminate',
        'read_file',
        'apply_patch',
        'copy_path',
      ])
      const looking = ['list_environments', 'read_output', 'read_file']
      for (const { name, inputSchema, annotations } of tools) {
        expect(JSON.stringify(inputSchema).length).toBeLessThanOrEqual(3500)
        if (looking.includes(name)) expect(annotations).toMatchObject({ readOnlyHint: true })
        else expect(annotations).toMatchObject({ destructiveHint: true, openWorldHint: true })
      }
    })

    it('list the environments', async () => {
      const { text } = await agent.call('list_environments')
      expect(JSON.parse(text).map(({ name }: { name: string }) => name)).toEqual(['box', 'gpu'])
      expect(text).not.toContain('exe_id')
    })

    it('run a command on each machine at the same time', async () => {
      const answers = await Promise.all(
        ['box', 'gpu'].map((environment_id) => agent.call('shell', { environment_id, command: ['pwd'] })),
      )
      expect(answers[0]!.text).toMatch(
        /^Environment: box\nProcess exited with code 0\nWall time: \d+\.\d\d seconds\nOutput:\n/,
      )
      expect(answers.map(({ text }) => text.trim().split('\n').at(-1))).toEqual([
        box.directory,
        gpu.directory,
      ])
    })

    it('start, feed, read and end a process that outlives its call', async () => {
      const started = await agent.call('exec_command', {
        environment_id: 'gpu',
        command: ['sh', '-c', 'while read -r line; do echo "got $line"; done; echo over'],
        yield_time_ms: 0,
      })
      const session_id = /session ID (gpu\/\w+)/.exec(started.text)?.[1]
      expect(session_id).toBeDefined()
      await agent.call('write_stdin', { session_id, chars: 'one\n', yield_time_ms: 0 })
      const waited = await agent.call('read_output', {
        session_id,
        wait_for: 'got one',
        after_seq: 0,
        yield_time_ms: 9000,
      })
      expect(waited.text).toContain('got one')
      const closed = await agent.call('write_stdin', {
        session_id,
        chars: 'two\n',
        close: true,
        yield_time_ms: 9000,
      })
      expect(closed.text).toMatch(/Process exited with code 0[\s\S]*got two\nover\n/)
      expect((await agent.call('terminate', { session_id })).text).toMatch(/over|exited|ended/i)
    })

    it('read text, windows of it, and images', async () => {
      await writeFile(join(box.directory, 'lines.txt'), 'one\ntwo\nthree\n')
      await writeFile(join(box.directory, 'dot.png'), PNG)
      const window = { environment_id: 'box', path: 'lines.txt', start_line: 2, line_count: 1 }
      expect((await agent.call('read_file', window)).text).toContain('two')
      expect((await agent.call('read_file', window)).text).not.toContain('three\n')
      const { content } = await agent.call('read_file', { environment_id: 'box', path: 'dot.png' })
      expect(content).toContainEqual({ type: 'image', data: PNG.toString('base64'), mimeType: 'image/png' })
    })

    it('patch files', async () => {
      await writeFile(join(gpu.directory, 'greet.txt'), 'hello\nworld\n')
      const patch =
        '*** Begin Patch\n*** Update File: greet.txt\n@@\n-world\n+there\n*** Add File: new/a.txt\n+a\n*** End Patch'
      const { text, isError } = await agent.call('apply_patch', { environment_id: 'gpu', patch })
      expect(isError).toBe(false)
      expect(text).toContain('M greet.txt: ok')
      expect(text).toContain('A new/a.txt: ok')
      expect(await readFile(join(gpu.directory, 'greet.txt'), 'utf8')).toBe('hello\nthere\n')
    })

    it('copy a file from one machine to the other, whole and with its mode', async () => {
      await writeFile(join(box.directory, 'tool.sh'), 'echo tool\n', { mode: 0o750 })
      const { text, isError } = await agent.call('copy_path', {
        source_environment_id: 'box',
        source_path: 'tool.sh',
        destination_environment_id: 'gpu',
        destination_path: 'bin/tool.sh',
      })
      expect(isError).toBe(false)
      expect(text).toMatch(/sha256: [0-9a-f]{64}/)
      expect(await readFile(join(gpu.directory, 'bin/tool.sh'), 'utf8')).toBe('echo tool\n')
      expect((await stat(join(gpu.directory, 'bin/tool.sh'))).mode & 0o777).toBe(0o750)
    })

    it('keep what takes too long as a session', async () => {
      const { text } = await agent.call('shell', {
        environment_id: 'box',
        command: ['cat', '/dev/zero'],
        timeout_ms: 1,
      })
      const session_id = /session ID (box\/\w+)/.exec(text)?.[1]
      expect(session_id).toBeDefined()
      expect((await agent.call('terminate', { session_id, signal: 'KILL' })).text).toContain(
        'group was killed',
      )
    })

    it.each([
      [
        'shell',
        { environment_id: 'bix', command: ['true'] },
        '[not_found] No environment "bix", nearest is "box": there are "box", "gpu"',
      ],
      [
        'shell',
        { command: ['true'] },
        '[invalid_input] environment_id is missing and none is the default: there are "box", "gpu"',
      ],
      [
        'copy_path',
        { source_path: '/f', destination_path: '/g', destination_environment_id: 'box' },
        '[invalid_input] source_environment_id is missing and none is the default: there are "box", "gpu"',
      ],
      [
        'copy_path',
        { source_path: '/f', destination_path: '/g', source_environment_id: 'box' },
        '[invalid_input] destination_environment_id is missing and none is the default: there are "box", "gpu"',
      ],
      ['shell', { environment_id: 'box' }, '[invalid_input] command is missing'],
      ['read_file', { environment_id: 'box', path: '/no/such' }, '[not_found] Cannot'],
      ['read_output', { session_id: 'box/none' }, '[not_found]'],
      ['copy_path', {}, '[invalid_input]'],
      ['apply_patch', { environment_id: 'box' }, '[invalid_input]'],
    ])('%s answers %j with one clear sentence', async (tool, input, words) => {
      const { text, isError } = await agent.call(tool, input)
      expect(isError).toBe(true)
      expect(text).toContain(words)
    })
  },
)

import { execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { open, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { OPTIONS, optionsOf } from '../../src/app/option-table.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { always, startHttpApi } from '../support/http-api.ts'
import { openLifeLine } from '../support/life-line.ts'
import { McpSession } from '../support/mcp-session.ts'
import { runProgram, startProgram } from '../support/program.ts'
import { tempDirectory } from '../support/temp-directory.ts'

const TOKENS = { WORKSPACE_TOKEN: 's3cret-workspace', BOX_TOKEN: 's3cret-box' }

/** The flags of a gateway that lists its environments at `url`. */
const gatewayFlags = (url: string) => [
  ...['--workspace-id', 'ws_1', '--workspace-token-env', 'WORKSPACE_TOKEN'],
  ...['--exec-gateway-url', `${url.replace('http:', 'ws:')}/bridge`, '--exec-gateway-internal-url', url],
]

describe('env-mcp', () => {
  it('tells its version', async () => {
    const { version } = JSON.parse(await readFile('package.json', 'utf8'))
    expect(await runProgram(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
    expect(await runProgram(['executor', '--version'])).toMatchObject({ code: 0, stdout: `${version}\n` })
  })

  it('does not mind that nobody reads what it prints any more', async () => {
    await using program = startProgram(['--help'])
    program.child.stdout.destroy()
    const [stderr, code] = await Promise.all([text(program.child.stderr), program.exited])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })

  it.runIf(process.platform === 'linux')('fails when what it prints finds no room', async () => {
    const command = `exec '${process.execPath}' dist/bin.js --version >/dev/full`
    const { status, stderr } = spawnSync('/bin/sh', ['-c', command], { encoding: 'utf8' })
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: 'env-mcp: [conflict] Cannot write to standard output: ENOSPC: no space left on device, write\n',
    })
  })

  it('shows commands and flags', async () => {
    const { code, stdout, stderr } = await runProgram(['--help'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    for (const command of ['serve', 'executor', 'apply-patch', 'up', 'demo'])
      expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'))
    const ofServe = new Set<string>(optionsOf('serve').map(({ name }) => name))
    for (const { name } of OPTIONS)
      expect([name, stdout.includes(`\n  --${name} `)]).toEqual([name, ofServe.has(name)])
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100)
  })

  it('shows the flags of a command', async () => {
    const { code, stdout } = await runProgram(['executor', '-h'])
    expect(code).toBe(0)
    expect(stdout).toContain('Usage: env-mcp executor [flags]')
    expect(stdout).toContain('--listen URL')
    expect(stdout).not.toContain('--environment')
  })

  it('shows the commands beside a command', async () => {
    const { stdout } = await runProgram(['gateway', '--help'])
    expect(stdout).toMatch(/^Beside it:\n {2}gateway token join +Make the token with which a machine joins/m)
    expect((await runProgram(['gateway', 'status', '--help'])).stdout).not.toContain('Beside it')
  })

  it('prints a script for the shell that completes commands and flags, and answers it', async () => {
    const { code, stdout, stderr } = await runProgram(['completion'], { env: { SHELL: '/bin/bash' } })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('complete -o bashdefault -o default -F _env-mcp_yargs_completions env-mcp')
    const next = async (...words: string[]) =>
      (await runProgram(['--get-yargs-completions', 'env-mcp', ...words])).stdout.trim().split('\n')
    expect(await next('')).toEqual(expect.arrayContaining(['serve', 'executor', 'apply-patch', 'demo']))
    expect(await next('executor', '--')).toContain('--listen')
    expect(await next('--')).toContain('--environment')
    expect(await next('executor', '--')).not.toContain('--environment')
  })

  it.each([
    [
      'an unknown command',
      ['exec'],
      'Unknown command "exec": there are "serve", "executor", "apply-patch", ',
    ],
    ['a command nearly right', ['executer'], 'Unknown command "executer", nearest is "executor": there are '],
    ['an unknown flag', ['--environmnt=a=ws://h'], 'Unknown flag "--environmnt", nearest is "--environment"'],
    [
      'an unset variable',
      ['serve', ...gatewayFlags('http://h')],
      'Flag "--workspace-token-env" names variable "WORKSPACE_TOKEN", which is unset or empty',
    ],
    [
      'half a gateway',
      ['--workspace-id', 'w'],
      'Flags "--exec-gateway-url", "--workspace-token-env" are missing',
    ],
    [
      'an executor for all the world',
      ['executor', '--listen', 'ws://0.0.0.0:0'],
      'Flag "--listen" has the host "0.0.0.0"',
    ],
    ['more than the demo wants', ['demo', 'x'], 'Unexpected argument "x": "env-mcp demo" takes none'],
  ])('refuses %s in one line', async (_what, args, message) => {
    const { code, stdout, stderr } = await runProgram(args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^env-mcp: .*\n$/)
    expect(stderr).toContain(message)
  })

  it('leaves all arguments of apply-patch to it', async () => {
    await using directory = await tempDirectory()
    const patch = '*** Begin Patch\n*** Add File: new.txt\n+hello\n*** End Patch'
    const ending = await runProgram(['apply-patch', patch], { cwd: directory.path })
    expect(ending).toMatchObject({ code: 0, stderr: '' })
    expect(await readFile(`${directory.path}/new.txt`, 'utf8')).toBe('hello\n')
  })
})

describe('env-mcp serve', () => {
  it('ends at once, with nothing on stdout, when its input ends', async () => {
    expect(await runProgram([])).toEqual({ code: 0, stdout: '', stderr: '' })
  })

  it.each(['SIGTERM', 'SIGINT'] as const)('ends with 0 on %s', async (signal) => {
    await using session = await McpSession.open(['serve'])
    expect(await session.end(signal)).toBe(0)
  })

  it('works on when nobody reads its log any more', async () => {
    await using program = startProgram(['--log-level=debug'])
    program.child.stderr.destroy()
    const session = new McpSession(program)
    await session.ask('ping', {})
    for (let calls = 0; calls < 3; calls++)
      expect(await session.call('shell', { command: ['echo', 'works'] })).toMatch(/^works$/m)
    expect(await session.end()).toBe(0)
  })

  // A pipe holds 64 KiB; the next line held the server, and every call with it.
  it.runIf(process.platform !== 'win32')('works on when nobody reads its full log', async () => {
    await using directory = await tempDirectory()
    const pipe = join(directory.path, 'pipe')
    execFileSync('mkfifo', [pipe])
    await using _unread = await open(pipe, 'r+')
    await using session = await McpSession.open(['--log-level=debug'], { stderrTo: pipe })
    for (let calls = 0; calls < 1000; calls++) await session.call('list_environments')
    expect(await session.end()).toBe(0)
  })

  it.runIf(existsSync('/dev/full'))('works on when there is no room for its log', async () => {
    await using session = await McpSession.open(['--log-level=debug', '--log-file=/dev/full'])
    for (let calls = 0; calls < 3; calls++)
      expect(await session.call('shell', { command: ['echo', 'works'] })).toMatch(/^works$/m)
    expect(await session.end()).toBe(0)
  })

  it('lists its tools without asking anybody', async () => {
    await using api = await startHttpApi(() => {})
    await using session = await McpSession.open(gatewayFlags(api.url), { env: TOKENS })
    const { tools } = await session.ask('tools/list', {})
    expect(tools).toHaveLength(9)
    expect(api.requests).toHaveLength(0)
    expect(await session.end()).toBe(0)
  })

  it('works on this machine, in its own directory, when no flag says otherwise', async () => {
    await using directory = await tempDirectory()
    await using session = await McpSession.open([], { cwd: directory.path })
    const listed = JSON.parse(await session.call('list_environments'))
    expect(listed).toMatchObject([{ name: 'local', is_default: true }])
    expect(await session.call('shell', { command: 'pwd' })).toContain(`Output:\n${directory.path}`)
  })

  it.each([undefined, 'SIGTERM'] as const)(
    'kills what a call has started when it ends (%s)',
    async (signal) => {
      await using lifeLine = await openLifeLine()
      await using session = await McpSession.open([])
      session.begin('shell', { command: lifeLine.argv })
      const { gone } = await lifeLine.begun
      expect(await session.end(signal)).toBe(0)
      await gone
    },
  )

  it.each([undefined, 'SIGTERM'] as const)(
    'has killed what a call started elsewhere when it ends (%s)',
    async (signal) => {
      await using lifeLine = await openLifeLine()
      await using executor = await startExecutor([])
      await using session = await McpSession.open(['--environment', `box=${executor.url}`])
      session.begin('shell', { command: lifeLine.argv })
      const { gone } = await lifeLine.begun
      expect(await session.end(signal)).toBe(0)
      await gone
    },
  )

  it('says why it cannot list environments, and keeps the token to itself', async () => {
    await using directory = await tempDirectory()
    const logFile = `${directory.path}/env-mcp.log`
    await using api = await startHttpApi(always(401, 'bad token'))
    const flags = [...gatewayFlags(api.url), '--log-level', 'debug', '--log-file', 'env-mcp.log']
    await using session = await McpSession.open(flags, { env: TOKENS, cwd: directory.path })
    expect(await session.call('list_environments')).toBe(
      '[denied] Cannot list environments: the gateway refused the token of variable "WORKSPACE_TOKEN" (401, "bad token")',
    )
    expect(await session.end()).toBe(0)
    const log = await readFile(logFile, 'utf8')
    expect(log).toContain('environments cannot be listed')
    expect(log).not.toContain('s3cret')
    expect((await stat(logFile)).mode & 0o777).toBe(0o600)
  })

  it('asks the gateway anew before it says that a name is unknown', async () => {
    let entries = [{ exe_id: 'exe_1', name: 'box' }]
    await using api = await startHttpApi((_request, response) => response.end(JSON.stringify(entries)))
    await using session = await McpSession.open(gatewayFlags(api.url), { env: TOKENS })
    const shell = { environment_id: 'bux', command: 'true' }
    expect(await session.call('shell', shell)).toBe(
      '[not_found] No environment "bux", nearest is "box": there are "box"',
    )
    entries = [{ exe_id: 'exe_2', name: 'bux' }]
    expect(await session.call('shell', shell)).toMatch(/^\[\w+\] Cannot connect to "bux"/)
  })

  it('shows the last list it has when the gateway fails, and says so', async () => {
    let status = 200
    await using api = await startHttpApi((_request, response) =>
      response.writeHead(status).end(JSON.stringify([{ exe_id: 'exe_1', name: 'box' }])),
    )
    await using session = await McpSession.open(gatewayFlags(api.url), { env: TOKENS })
    expect(await session.call('list_environments')).not.toContain('refreshed')
    status = 500
    const stale = await session.call('list_environments')
    expect(stale).toContain('"box"')
    expect(stale).toMatch(/could not be refreshed.*the gateway answered 500/)
  })

  it('does not let a gateway that hangs hold up a machine of a flag', async () => {
    await using executor = await startExecutor([])
    await using api = await startHttpApi(() => {})
    const flags = [...gatewayFlags(api.url), '--environment', `box=${executor.url}`]
    await using session = await McpSession.open(flags, { env: TOKENS })
    expect(await session.call('shell', { environment_id: 'box', command: 'echo here' })).toContain('here')
  })

  it('lets a flag win a name that the gateway has too', async () => {
    await using executor = await startExecutor([])
    await using api = await startHttpApi(always(200, [{ exe_id: 'exe_1', name: 'box' }]))
    const flags = [...gatewayFlags(api.url), '--environment', `box=${executor.url}`]
    await using session = await McpSession.open(flags, { env: TOKENS })
    expect(await session.call('shell', { environment_id: 'box', command: 'echo here' })).toContain('here')
    const listed = await session.call('list_environments')
    expect(listed.match(/"name"/g)).toHaveLength(1)
    expect(listed).toContain(
      '[Environment "box" of the gateway was left out: --environment defines that name]',
    )
  })
})

describe('env-mcp serve, behind a gateway', () => {
  const token = TOKENS.WORKSPACE_TOKEN
  const flagsOf = ({ bridgeUrl, httpUrl }: TestGateway) => [
    ...['--workspace-id', 'ws_1', '--workspace-token-env', 'WORKSPACE_TOKEN'],
    ...['--exec-gateway-url', bridgeUrl, '--exec-gateway-internal-url', httpUrl],
  ]

  it('works on the executors that the gateway tells of', async () => {
    await using directory = await tempDirectory()
    await using executor = await startExecutor([], { cwd: directory.path })
    const box = { exeId: 'exe_1', name: 'my box', url: executor.url }
    await using gateway = await startGateway({ token, machines: [box, { exeId: 'exe_2', name: 'gpu' }] })
    await using session = await McpSession.open(flagsOf(gateway), { env: TOKENS })
    expect(await session.call('shell', { command: 'pwd' })).toBe(
      '[invalid_input] environment_id is missing and none is the default: there are "my box", "gpu"',
    )
    const answer = await session.call('shell', { environment_id: 'my box', command: 'pwd' })
    expect(answer).toContain(`Output:\n${directory.path}`)
    expect(JSON.parse(await session.call('list_environments'))).toMatchObject([
      { name: 'my box', cwd: directory.path },
      { name: 'gpu' },
    ])
  })

  it('goes on when the gateway answers a bridge with 401, 403, 503, 500 or 302', async () => {
    await using executor = await startExecutor([])
    const answers = {
      401: 'denied',
      403: 'denied',
      503: 'unavailable',
      500: 'unavailable',
      302: 'unavailable',
    }
    const refusing = Object.keys(answers).map((status) => ({
      exeId: `exe_${status}`,
      name: `gpu-${status}`,
      refuse: Number(status),
    }))
    const machines = [{ exeId: 'exe_1', name: 'box', url: executor.url }, ...refusing]
    await using gateway = await startGateway({ token, machines })
    await using session = await McpSession.open(flagsOf(gateway), { env: TOKENS })
    for (const [status, code] of Object.entries(answers)) {
      const refused = await session.call('shell', { environment_id: `gpu-${status}`, command: 'true' })
      expect(refused).toMatch(new RegExp(`^\\[${code}\\] Cannot connect to "gpu-${status}"`))
      expect(refused).not.toContain('s3cret')
      expect(await session.call('shell', { environment_id: 'box', command: 'echo here' })).toContain('here')
    }
  })
})

describe('env-mcp executor', () => {
  it('is an environment of a server that knows its address', async () => {
    await using directory = await tempDirectory()
    await using executor = await startExecutor([], { cwd: directory.path })
    await using session = await McpSession.open(['--environment', `box=${executor.url}`])
    await writeFile(`${directory.path}/here.txt`, 'x')
    expect(await session.call('shell', { command: 'ls' })).toContain('here.txt')
  })

  it('lets in who brings its token, and keeps the token from what it starts', async () => {
    await using executor = await startExecutor(['--token-env', 'BOX_TOKEN'], { env: TOKENS })
    const flags = ['--environment', `box=${executor.url}`]
    await using stranger = await McpSession.open(flags)
    expect(await stranger.call('shell', { command: 'true' })).toMatch(/^\[denied\] Cannot connect to "box"/)
    await using session = await McpSession.open([...flags, '--environment-token-env', 'box=BOX_TOKEN'], {
      env: TOKENS,
    })
    expect(await session.call('shell', { command: 'echo "<$BOX_TOKEN>"' })).toContain('<>')
  })

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'ends with 0 on %s, with all it has started',
    async (signal) => {
      await using lifeLine = await openLifeLine()
      await using executor = await startExecutor([])
      await using session = await McpSession.open(['--environment', `box=${executor.url}`])
      session.begin('shell', { command: lifeLine.argv })
      const { gone } = await lifeLine.begun
      executor.child.kill(signal)
      expect(await executor.exited).toBe(0)
      await gone
    },
  )

  it('ends with its input when it is told to', async () => {
    await using executor = await startExecutor(['--exit-on-stdin-close'])
    executor.child.stdin.end()
    expect(await executor.exited).toBe(0)
  })

  it('does not care for its input otherwise', async () => {
    await using executor = await startExecutor([])
    executor.child.stdin.end()
    await using session = await McpSession.open(['--environment', `box=${executor.url}`])
    expect(await session.call('shell', { command: 'echo here' })).toContain('here')
  })

  it('says in one line that a port is taken', async () => {
    await using executor = await startExecutor([])
    const { code, stdout, stderr } = await runProgram(['executor', '--listen', executor.url])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/^env-mcp: \[\w+\] Cannot listen on "127.0.0.1:\d+": .*EADDRINUSE.*\n$/)
  })
})

/** `env-mcp executor` on a free port, once it says where it listens. */
async function startExecutor(args: readonly string[], options?: Parameters<typeof startProgram>[1]) {
  const program = startProgram(['executor', '--listen', 'ws://127.0.0.1:0', ...args], options)
  program.child.stderr.resume()
  const [url]: string[] = await once(createInterface(program.child.stdout), 'line')
  return { ...program, url: url! }
}

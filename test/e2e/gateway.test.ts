import { once } from 'node:events'
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, it } from 'vitest'
import { DiallingExecutor } from '../support/dialling-executor.ts'
import { askHttp } from '../support/http-ask.ts'
import { McpSession } from '../support/mcp-session.ts'
import { runProgram, startProgram } from '../support/program.ts'
import { RawBridge } from '../support/raw-bridge.ts'
import { tempDirectory } from '../support/temp-directory.ts'

/** A gateway of the built program, its lines on stdout, and commands beside it. */
async function startGateway(state: string, listen = '127.0.0.1:0', ...flags: string[]) {
  const program = startProgram(['gateway', '--listen', listen, '--state', state, ...flags])
  program.child.stderr.resume()
  const lines: string[] = []
  const reader = createInterface(program.child.stdout).on('line', (line) => lines.push(line))
  await once(reader, 'line')
  return {
    url: lines[0]!,
    lines,
    async stop() {
      program.child.kill('SIGTERM')
      return program.exited
    },
    kill: (signal: NodeJS.Signals) => program.child.kill(signal),
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  }
}

/** This machine as an environment, listening. */
async function startExecutor() {
  const program = startProgram(['executor', '--listen', 'ws://127.0.0.1:0'])
  program.child.stderr.resume()
  const [line] = await once(createInterface(program.child.stdout), 'line')
  return { url: String(line), [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() }
}

const beside = (state: string, ...args: string[]) => runProgram(['gateway', ...args, '--state', state])
const printed = async (state: string, ...args: string[]) => (await beside(state, ...args)).stdout.trim()

describe('env-mcp gateway', () => {
  it('brings a machine and an agent together, with tokens made beside it, and again after a restart', async () => {
    await using directory = await tempDirectory()
    const state = join(directory.path, 'state')
    await using gateway = await startGateway(state)
    const { url } = gateway

    const token = await printed(state, 'token', 'join', '--workspace', 'main', '--name', 'box')
    expect(token).toMatch(/^[\w-]+\.[\w-]{43}$/)
    await using executor = new DiallingExecutor({ url, id: 'box', token, era: 'noise' })
    await executor.join()
    const workspaceToken = await printed(state, 'token', 'workspace', '--workspace', 'main', '--ttl', '5m')
    const { json } = await askHttp(`${url}/api/exec-gateway/connected`, { token: workspaceToken })
    const [{ exe_id: exeId }] = json() as unknown as [{ exe_id: string }]
    {
      await using bridge = await RawBridge.open(url, exeId, workspaceToken)
      expect(await bridge.ask(bridge.resume(), 1)).toBe('{"id":1,"result":{"id":1}}')
      expect(await printed(state, 'status')).toMatch(/main +box +connected \(noise\) +127\.0\.0\.1 +1 +1 /)
    }

    expect(await gateway.stop()).toBe(0)
    expect(await executor.closed).toBe('The gateway is stopping')
    await using again = await startGateway(state, new URL(url).host)
    expect(again.url).toBe(url)
    await executor.join()
    await using bridge = await RawBridge.open(url, exeId, workspaceToken)
    expect(await bridge.ask(bridge.resume(), 2)).toBe('{"id":2,"result":{"id":2}}')
    expect(await again.stop()).toBe(0)
  }, 30_000)

  it('says at its first start how to go on, and keeps its secrets to its owner', async () => {
    await using directory = await tempDirectory()
    const state = join(directory.path, 'state')
    await using gateway = await startGateway(state)
    await expect.poll(() => gateway.lines.join('\n')).toContain('env_vars = ')
    const text = gateway.lines.join('\n')
    expect(text).toContain(`gateway token join --workspace main --name NAME --state ${state}`)
    expect(text).toContain(`gateway token workspace --workspace main --ttl 1d --state ${state}`)
    expect(text).toContain(`"--exec-gateway-url", "${gateway.url.replace('http', 'ws')}/bridge"`)
    expect((await stat(state)).mode & 0o777).toBe(0o700)
    for (const name of await readdir(state)) expect((await stat(join(state, name))).mode & 0o777).toBe(0o600)
    await gateway.stop()

    await using second = await startGateway(state)
    await second.stop()
    expect(second.lines).toHaveLength(1)
  })

  it('dials a machine that is added beside it, and lets go of one that is removed', async () => {
    await using directory = await tempDirectory()
    const state = join(directory.path, 'state')
    await using gateway = await startGateway(state)
    expect(await printed(state, 'add', 'far', 'ws://127.0.0.1:1', '--workspace', 'main')).toBe(
      'Machine "far" of workspace "main" is at ws://127.0.0.1:1',
    )
    await expect.poll(() => printed(state, 'status'), { timeout: 5000 }).toMatch(/main +far +not connected/)
    expect(await printed(state, 'remove', 'far', '--workspace', 'main')).toBe(
      'Machine "far" of workspace "main" is dialled no more',
    )
    await expect.poll(() => printed(state, 'status'), { timeout: 5000 }).not.toContain('far')
    const again = await beside(state, 'remove', 'far', '--workspace', 'main')
    expect(again).toMatchObject({ code: 1, stdout: '' })
    expect(again.stderr).toMatch(/^env-mcp: No machine "far" was added to workspace "main": none was; /)
    await gateway.stop()
  })

  it('writes down who did what for which call of the agent, and nothing of what was in it', async () => {
    await using directory = await tempDirectory()
    const state = join(directory.path, 'state')
    await using gateway = await startGateway(state)
    await using executor = await startExecutor()
    await printed(state, 'add', 'box', executor.url, '--workspace', 'main')
    await expect.poll(() => printed(state, 'status'), { timeout: 5000 }).toContain('connected (dialled)')
    const token = await printed(state, 'token', 'workspace', '--workspace', 'main')
    const where = [
      '--exec-gateway-url',
      `${gateway.url.replace('http', 'ws')}/bridge`,
      '--workspace-id',
      'main',
    ]
    const list = ['--exec-gateway-internal-url', gateway.url, '--workspace-token-env', 'TOKEN']
    await using agent = await McpSession.open([...where, ...list], { env: { TOKEN: token } })
    const ids = { threadId: 'th', callId: 'c1', 'x-codex-turn-metadata': { turn_id: 'tu' } }
    expect(await agent.call('shell', { command: ['echo', 'hidden'] }, ids)).toContain('hidden')
    await agent.end()
    await gateway.stop()
    const text = await readFile(join(state, 'audit.jsonl'), 'utf8')
    const lines = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines.find(({ program }) => program === 'echo')).toMatchObject({
      ...{ event: 'call', workspaceId: 'main', environment: 'box', method: 'process/start', outcome: 'ok' },
      client: { threadId: 'th', turnId: 'tu', callId: 'c1' },
    })
    expect(
      lines
        .filter(({ event }) => event === 'connection')
        .map(({ kind }) => kind)
        .sort(),
    ).toEqual(['bridge', 'executor'])
    expect(text).not.toContain('hidden')
    expect((await stat(join(state, 'audit.jsonl'))).mode & 0o777).toBe(0o600)
  }, 30_000)

  it('is the only one on its state, until it is gone', async () => {
    await using directory = await tempDirectory()
    const state = join(directory.path, 'state')
    await using gateway = await startGateway(state)
    const second = await beside(state, '--listen', '127.0.0.1:0')
    expect(second).toEqual({
      code: 1,
      stdout: '',
      stderr: `env-mcp: [conflict] Cannot start on the state in "${state}": the gateway at ${gateway.url} runs on it: end that one, or give another directory with --state\n`,
    })
    expect(await printed(state, 'status')).toContain('No executor has joined yet')
    gateway.kill('SIGKILL')
    await using third = await startGateway(state)
    expect(await printed(state, 'status')).toContain('No executor has joined yet')
    await third.stop()
  })

  it('writes nothing down with --audit off', async () => {
    await using directory = await tempDirectory()
    const state = join(directory.path, 'state')
    await using gateway = await startGateway(state, '127.0.0.1:0', '--audit', 'off')
    await gateway.stop()
    expect((await readdir(state)).filter((name) => name.startsWith('audit'))).toEqual([])
  })

  it('makes no state to be asked about, and says that a token was made where no gateway has run', async () => {
    await using directory = await tempDirectory()
    const state = join(directory.path, 'state')
    expect((await beside(state, 'status')).stderr).toContain(`No gateway has run on the state in "${state}"`)
    expect(await readdir(directory.path)).toEqual([])
    const { code, stdout, stderr } = await beside(state, 'token', 'workspace', '--workspace', 'w')
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: `env-mcp: No gateway has run on the state in "${state}": this is good for one that does\n`,
    })
    expect(stdout).toMatch(/^[\w-]+\.[\w-]{43}\n$/)
    expect((await beside('/dev/null/x', 'token', 'internal')).stderr).toMatch(
      /^env-mcp: \[\w+\] Cannot keep state in "\/dev\/null\/x": .*\n$/,
    )
  })

  it('does not start on a state that it could not use', async () => {
    await using directory = await tempDirectory()
    const state = join(directory.path, 'state')
    await beside(state, 'token', 'internal')
    for (const name of ['revoked.json', 'machines.json']) {
      await writeFile(join(state, name), '{')
      const { code, stderr } = await beside(state, '--listen', '127.0.0.1:0')
      expect({ code, stderr }).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(`Cannot use the file "${state}/${name}"`),
      })
      await rm(join(state, name))
    }
  })

  it.each([
    [['--audit', '/no/such/file'], 1, /Cannot write the audit to "\/no\/such\/file"/],
    [['--listen', '0.0.0.0:0'], 2, /which others can reach/],
    [['--listen', '127.0.0.1:0', '--tls-cert', '/no', '--tls-key', '/no'], 1, /Cannot read "\/no"/],
    [
      ['--tls-cert', 'package.json', '--tls-key', 'package.json'],
      1,
      /Cannot serve TLS with "\S+package\.json" and "\S+package\.json": /,
    ],
    [
      ['token'],
      2,
      /Unknown command "gateway token": there are "gateway token join", [^;]*"gateway token rotate"$/m,
    ],
    [
      ['statsu'],
      2,
      /Unknown command "gateway statsu", nearest is "gateway status": there are "gateway token join"/,
    ],
    [['token', 'join', '--workspace', 'w'], 2, /"--name" is missing/],
    [
      ['token', 'join', '--workspace', 'w', '--name', 'n', '--description', 'd'.repeat(1001)],
      2,
      /1001 characters/,
    ],
    [
      ['add', 'box', 'ws://127.0.0.1:1', '--workspace', 'w', '--description', 'a\nb'],
      2,
      /control characters/,
    ],
    [['add', 'box', 'ws://me:secret@127.0.0.1:1', '--workspace', 'w'], 2, /user or password in its URL/],
    [['add', 'box', `ws://127.0.0.1:1/${'p'.repeat(2048)}`, '--workspace', 'w'], 2, /at most 2048/],
    [['add', 'box'], 2, /Give the name and the URL first/],
    [['add', '../x', 'ws://127.0.0.1:1', '--workspace', 'w'], 2, /The name "\.\.\/x" cannot be used/],
    [['add', 'box', 'http://127.0.0.1:1', '--workspace', 'w'], 2, /must begin with ws:\/\//],
    [['status'], 1, /No gateway has run/],
  ])('refuses %j in one line', async (args, code, why) => {
    await using directory = await tempDirectory()
    const ending = await beside(join(directory.path, 'state'), ...args)
    expect(ending).toMatchObject({ code, stdout: '' })
    expect(ending.stderr).toMatch(why)
    expect(ending.stderr.trim().split('\n')).toHaveLength(1)
  })
})

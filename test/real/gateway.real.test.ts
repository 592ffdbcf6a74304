import { createHash, randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { TcpProxy } from '../support/tcp-proxy.ts'
import type { CodexVersion } from './support/codex.ts'
import { GatewayProgram } from './support/gateway-program.ts'
import type { McpClient } from './support/mcp-client.ts'
import { type JoinBy, startRemoteExecServer } from './support/remote-exec-server.ts'

/** Every way in which a stock exec-server comes in without an account of its vendor. */
const WAYS: readonly { version: CodexVersion; by: JoinBy; era: string; tls?: boolean }[] = [
  { version: '0.169.0', by: 'key', era: 'noise' },
  { version: '0.169.0', by: 'stdin', era: 'noise', tls: true },
  { version: '0.155.1', by: 'key', era: 'noise' },
  { version: '0.142.5', by: 'key', era: 'noise' },
  { version: '0.137.0', by: 'key', era: 'relay' },
  { version: '0.169.0', by: 'aws', era: 'direct' },
]

describe.each(WAYS)('codex exec-server $version, dialled in by $by ($era)', ({ version, by, era, tls }) => {
  async function comeIn() {
    const gateway = await GatewayProgram.start({ tls: tls ?? false })
    const network = await TcpProxy.start(Number(new URL(gateway.url).port))
    const through = {
      url: `${tls ? 'https' : 'http'}://127.0.0.1:${network.port}`,
      joinToken: (name: string) => gateway.joinToken(name),
    }
    const server = await startRemoteExecServer(through, { name: 'box', version, by })
    await expect.poll(() => gateway.status(), { timeout: 20_000 }).toContain(`connected (${era})`)
    const client = await gateway.connect()
    return {
      gateway,
      /** Between the machine and the gateway. */
      network,
      server,
      cwd: server.cwd,
      call: client.call,
      async [Symbol.asyncDispose]() {
        for (const end of [client, server, network, gateway]) await end[Symbol.asyncDispose]()
      },
    }
  }

  it('is used with every tool', async () => {
    await using rig = await comeIn()
    const { call, cwd } = rig
    expect((await call('list_environments')).text).toContain('box')
    expect((await call('shell', { command: 'echo one; exit 3' })).text).toMatch(/code 3\n(.*\n)*one\n$/)
    expect((await call('apply_patch', { patch: PATCH })).text).toContain('A new.txt')
    expect((await call('read_file', { path: 'new.txt' })).text).toContain('made here')
    expect(await readFile(join(cwd, 'new.txt'), 'utf8')).toBe('made here\n')
    const session_id = await begin(call, 'read -r x; echo "got $x"; read -r x')
    await call('write_stdin', { session_id, chars: 'input\n' })
    expect((await call('read_output', { session_id, after_seq: 0, wait_for: 'got input' })).text).toMatch(
      /^got input$/m,
    )
    expect((await call('terminate', { session_id })).isError).toBe(false)
  })

  it('carries 200 MB of output, and files of 40 MB', async () => {
    await using rig = await comeIn()
    const output = await rig.call('shell', {
      command: `head -c 200000000 /dev/zero | tr '\\0' 'x'; echo end`,
      timeout_ms: 120_000,
    })
    expect(output.text).toMatch(/^Process exited with code 0$/m)
    expect(output.text).toMatch(/end\n$/)
    const bytes = randomBytes(40_000_000)
    await writeFile(join(rig.cwd, 'large'), bytes)
    const { text, isError } = await rig.call('copy_path', {
      ...{ source_environment_id: 'box', source_path: 'large' },
      ...{ destination_environment_id: 'box', destination_path: 'copy' },
    })
    expect({ text, isError }).toMatchObject({ isError: false })
    expect(sha256(await readFile(join(rig.cwd, 'copy')))).toBe(sha256(bytes))
  }, 180_000)

  it('comes back when its connection is cut, again and again, and the sessions of an agent go on', async () => {
    await using rig = await comeIn()
    const { call, network } = rig
    const session_id = await begin(call, 'while read -r x; do echo "got $x"; done')
    for (const chars of ['one', 'two']) {
      network.cut()
      // Sent again until the machine is back; input is not, where it has no id: then it would be unknown whether it came.
      await writeFile(join(rig.cwd, 'mark'), chars)
      expect((await call('read_file', { path: 'mark' })).text).toContain(chars)
      await call('write_stdin', { session_id, chars: `${chars}\n` })
      const { text } = await call('read_output', {
        session_id,
        after_seq: 0,
        wait_for: `got ${chars}`,
        yield_time_ms: 30_000,
      })
      expect(text).toMatch(new RegExp(`^got ${chars}$`, 'm'))
    }
    expect((await call('read_output', { session_id, after_seq: 0 })).text).toMatch(/^got one\ngot two$/m)
    expect((await call('terminate', { session_id })).isError).toBe(false)
  })

  it.runIf(version === '0.137.0')('ends itself when there is no gateway as it registers anew', async () => {
    await using rig = await comeIn()
    await rig.gateway.restart({ downMs: 4000 })
    expect(await rig.server.ended).toBe(1)
  })

  it.skipIf(version === '0.137.0')(
    'comes back when the gateway was away, and the sessions of an agent go on',
    async () => {
      await using rig = await comeIn()
      const { call, gateway } = rig
      const session_id = await begin(call, 'while read -r x; do echo "got $x"; done')
      await gateway.restart({ downMs: 4000 })
      await writeFile(join(rig.cwd, 'mark'), 'back')
      expect((await call('read_file', { path: 'mark' })).text).toContain('back')
      await call('write_stdin', { session_id, chars: 'one\n' })
      const { text } = await call('read_output', {
        session_id,
        after_seq: 0,
        wait_for: 'got one',
        yield_time_ms: 30_000,
      })
      expect(text).toMatch(/^got one$/m)
    },
  )

  it('keeps what runs on it when the gateway is killed: its session is resumed through the next one', async () => {
    await using rig = await comeIn()
    const { gateway } = rig
    await using before = await gateway.bridge('box')
    const stream = before.resume()
    const { sessionId } = await before.request(stream, 'initialize', { clientName: 'test' })
    before.send(stream, '{"method":"initialized","params":{}}')
    const cwd = version === '0.137.0' || version === '0.142.5' ? '/' : 'file:///'
    const start = { processId: 'p', argv: ['cat'], cwd, env: {}, tty: false, pipeStdin: true, arg0: null }
    expect(await before.request(stream, 'process/start', start)).toMatchObject({ processId: 'p' })
    await gateway.restart()
    await expect.poll(() => gateway.status(), { timeout: 20_000 }).toContain(`connected (${era})`)
    await using after = await gateway.bridge('box')
    const next = after.resume()
    const resumed = { clientName: 'test', resumeSessionId: sessionId }
    expect(await after.request(next, 'initialize', resumed)).toMatchObject({ sessionId })
    after.send(next, '{"method":"initialized","params":{}}')
    const chunk = Buffer.from('still here').toString('base64')
    await after.request(next, 'process/write', { processId: 'p', chunk, writeId: 'w1' })
    const read = { processId: 'p', afterSeq: 0, maxBytes: null, waitMs: 5000 }
    expect(await after.request(next, 'process/read', read)).toMatchObject({
      chunks: [{ chunk }],
      exited: false,
    })
    await after.request(next, 'process/terminate', { processId: 'p' })
  })
})

const PATCH = '*** Begin Patch\n*** Add File: new.txt\n+made here\n*** End Patch'

/** Starts a session; gives its id. */
async function begin(call: McpClient['call'], command: string): Promise<string> {
  const { text } = await call('exec_command', { command, yield_time_ms: 0 })
  const [, id] = /^Process running with session ID (\S+)/m.exec(text) ?? []
  if (id === undefined) throw new Error(`No session was started: ${text}`)
  return id
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

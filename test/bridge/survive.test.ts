import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { BridgePool } from '../../src/bridge/pool.ts'
import { listenExecutor } from '../../src/executor/listen.ts'
import { openCutNetwork } from '../support/cut-network.ts'
import { startGateway } from '../support/gateway.ts'
import { tempDirectory } from '../support/temp-directory.ts'
import { outputOf, sessionIdOf, toolsOver } from '../support/tool-calls.ts'

const LINES = 150
/** Prints a numbered line every few ms. */
const PRINT = [
  '/bin/sh',
  '-c',
  `i=0; while [ $i -lt ${LINES} ]; do i=$((i+1)); echo line $i; sleep 0.005; done`,
]
/** Without what a login shell says of itself, such as two at a time about one file of their profile. */
const plainly = (script: string) => ['/bin/sh', '-c', script]
const PRINTED = Array.from({ length: LINES }, (_, at) => `line ${at + 1}\n`).join('')

describe('Tools over a network that is cut', () => {
  it('lose no line of a command that prints all the time, and show none twice', async () => {
    await using network = await openCutNetwork()
    await using tools = toolsOver({ box: await network.client() })
    const call = tools.call('shell', { command: PRINT })
    expect(await network.cutDuring(call)).toBeGreaterThan(3)
    const answer = await call
    expect(answer.isError).toBe(false)
    expect(outputOf(answer)).toBe(PRINTED)
  }, 20_000)

  it('start each command once', async () => {
    await using directory = await tempDirectory()
    await using network = await openCutNetwork()
    await using tools = toolsOver({ box: await network.client() })
    const counter = join(directory.path, 'counter')
    const calls = Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        tools.call('shell', { command: plainly(`echo ${n} >> ${counter}; echo done ${n}`) }),
      ),
    )
    await network.cutDuring(calls, 8)
    expect((await calls).map(outputOf)).toEqual(Array.from({ length: 20 }, (_, n) => `done ${n}\n`))
    const counted = (await readFile(counter, 'utf8')).trim().split('\n').map(Number)
    expect(counted.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n))
  }, 20_000)

  it('write each line of input once, in order', async () => {
    await using network = await openCutNetwork()
    await using tools = toolsOver({ box: await network.client() })
    const id = sessionIdOf(await tools.call('exec_command', { command: ['cat'], yield_time_ms: 0 }))
    const written = (async () => {
      for (let n = 0; n < 60; n++)
        await tools.call('write_stdin', { session_id: id, chars: `${n}\n`, yield_time_ms: 0 })
      await tools.call('write_stdin', { session_id: id, chars: 'end\n', close: true, yield_time_ms: 0 })
    })()
    await network.cutDuring(written, 8)
    await written
    const read = { session_id: id, after_seq: 0, wait_for: 'exit', yield_time_ms: 9000 }
    const lines = outputOf(await tools.call('read_output', read)).split('\n')
    expect(lines.slice(0, 61)).toEqual([...Array.from({ length: 60 }, (_, n) => String(n)), 'end'])
  }, 20_000)

  it('finish patches, whole', async () => {
    await using directory = await tempDirectory()
    await using network = await openCutNetwork()
    await using tools = toolsOver({ box: await network.client() })
    const file = join(directory.path, 'file')
    await writeFile(file, 'count 0\n')
    const patched = (async () => {
      for (let n = 0; n < 8; n++) {
        const patch = `*** Begin Patch\n*** Update File: ${file}\n@@\n-count ${n}\n+count ${n + 1}\n*** End Patch`
        const answer = await tools.call('apply_patch', { patch })
        expect(answer.text).toContain(`M ${file}: ok`)
      }
    })()
    await network.cutDuring(patched, 8)
    await patched
    expect(await readFile(file, 'utf8')).toBe('count 8\n')
  }, 20_000)

  it('finish a copy, whole', async () => {
    await using directory = await tempDirectory()
    await using a = await openCutNetwork()
    await using b = await openCutNetwork()
    await using tools = toolsOver({ a: await a.client(), b: await b.client() })
    const [from, to] = [join(directory.path, 'from'), join(directory.path, 'to')]
    const bytes = randomBytes(4 * 1024 * 1024)
    await writeFile(from, bytes)
    const copied = tools.call('copy_path', {
      source_environment_id: 'a',
      source_path: from,
      destination_environment_id: 'b',
      destination_path: to,
    })
    await Promise.all([a.cutDuring(copied, 4), b.cutDuring(copied, 4)])
    const answer = await copied
    expect([answer.isError, answer.text]).toEqual([false, expect.stringContaining('sha256')])
    expect((await readFile(to)).equals(bytes)).toBe(true)
  }, 20_000)

  it('finish a command that was away for longer than the first tries', async () => {
    await using network = await openCutNetwork()
    await using tools = toolsOver({ box: await network.client() })
    const id = sessionIdOf(
      await tools.call('exec_command', { command: 'read a; echo "got $a"', yield_time_ms: 0 }),
    )
    network.proxy.isDown = true
    network.proxy.cut()
    const read = { session_id: id, yield_time_ms: 0 }
    await expect
      .poll(async () => (await tools.call('read_output', read)).text)
      .toMatch(
        /^\[The machine is away \(the connection to "box" ended at .*\) and is tried again: that the process runs/m,
      )
    const written = tools.call('write_stdin', { session_id: id, chars: 'it\n', yield_time_ms: 0 })
    for (let tries = 0; tries < 4; tries++) await network.proxy.nextConnection()
    network.proxy.isDown = false
    await written
    const answer = await tools.call('read_output', {
      session_id: id,
      after_seq: 0,
      wait_for: 'exit',
      yield_time_ms: 9000,
    })
    expect(answer.text).toMatch(/Process exited with code 0[\s\S]*got it\n/)
  }, 20_000)
})

describe('Tools over an executor that is started anew', () => {
  it('tell what was lost, with its last output, and work on', async () => {
    await using network = await openCutNetwork()
    const before = await network.client()
    await using tools = toolsOver({ box: before })
    const id = sessionIdOf(
      await tools.call('exec_command', { command: 'echo started; sleep 60', yield_time_ms: 0 }),
    )
    await tools.call('read_output', { session_id: id, wait_for: 'started', yield_time_ms: 9000 })
    const waiting = tools.call('read_output', { session_id: id, wait_for: 'exit', yield_time_ms: 9000 })
    const port = Number(new URL(network.server.url).port)
    await network.server.close()
    await using _again = await restarted(port)
    const answer = await waiting
    expect(answer.isError).toBe(true)
    expect(answer.text).toMatch(/\[process_lost\] Session "box\/\S+" can no longer be reached: Lost process/)
    expect(answer.text).toMatch(/ended at \d{4}-\S+ .*its session is gone \(unknown session id/)
    const last = await tools.call('read_output', { session_id: id, after_seq: 0 })
    expect(outputOf(last)).toContain('started\n')
    const after = await network.client()
    expect(after).not.toBe(before)
    await using again = toolsOver({ box: after })
    expect(outputOf(await again.call('shell', { command: 'echo works' }))).toBe('works\n')
  }, 20_000)
})

describe('Tools behind a gateway', () => {
  it('do not see that it is started anew', async () => {
    const server = await listenExecutor({ host: '127.0.0.1', port: 0 })
    await using pool = new BridgePool()
    await using _server = { [Symbol.asyncDispose]: () => server.close() }
    const options = { token: 't', machines: [{ exeId: 'exe_1', name: 'box', url: server.url }] }
    const before = await startGateway(options)
    const credential = { origin: 'a test', read: async () => 't', renew: async () => undefined }
    const target = {
      key: 'k',
      name: 'box',
      url: `${before.bridgeUrl}/exe_1`,
      framing: 'relay',
      credential,
    } as const
    await using tools = toolsOver({ box: await pool.get(target) })
    const id = sessionIdOf(await tools.call('exec_command', { command: PRINT, yield_time_ms: 0 }))
    await tools.call('read_output', { session_id: id, wait_for: 'line 9', yield_time_ms: 9000 })
    const waiting = tools.call('read_output', {
      session_id: id,
      after_seq: 0,
      wait_for: 'exit',
      yield_time_ms: 9000,
    })
    await before[Symbol.asyncDispose]()
    await using _after = await startGateway({ ...options, port: Number(new URL(before.httpUrl).port) })
    const answer = await waiting
    expect(answer.text).toMatch(/^Process exited with code 0$/m)
    expect(outputOf(answer)).toMatch(new RegExp(`^${PRINTED}\\[The next read`))
  }, 20_000)
})

describe('A token that is rotated', () => {
  it('20 times under load, each revoking the one before, is not seen', async () => {
    let current = 0
    const refused: string[] = []
    const credential = {
      origin: 'a test',
      read: async () => `token-${current}`,
      async renew(secret: string) {
        refused.push(secret)
        return `token-${++current}`
      },
    }
    // The token of each connection is revoked when the next one is made.
    const faultsOf = (n: number) => (n % 2 === 1 ? [{ kind: 'status', status: 401 } as const] : [])
    await using network = await openCutNetwork({ faultsOf, credential })
    await using tools = toolsOver({ box: await network.client() })
    const call = tools.call('shell', { command: PRINT })
    for (let rotation = 0; rotation < 20; rotation++) {
      const next = network.proxy.nextConnection()
      network.proxy.cut()
      // The command may be over by now: then this is what needs the connection.
      await Promise.all([next, network.client().then((client) => client.metadata('/'))])
    }
    expect(outputOf(await call)).toBe(PRINTED)
    expect(refused).toEqual(Array.from({ length: 20 }, (_, n) => `token-${n}`))
  }, 20_000)
})

async function restarted(port: number): Promise<AsyncDisposable> {
  const server = await listenExecutor({ host: '127.0.0.1', port })
  return { [Symbol.asyncDispose]: () => server.close() }
}

import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { BridgeClient } from '../../src/bridge/client.ts'
import { dial } from '../../src/bridge/dial.ts'
import { listenExecutor } from '../../src/executor/listen.ts'
import { askStatus } from '../../src/gateway/ask-status.ts'
import { writeAtomically } from '../../src/util/atomic-file.ts'
import { BridgeError } from '../../src/util/errors.ts'
import { type GatewayRig, startGatewayRig } from '../support/gateway-rig.ts'
import { askHttp } from '../support/http-ask.ts'
import { listenScripted } from '../support/listening-exec-server.ts'

const FAST = { machinesPollMs: 20, firstRetryMs: 10, lastRetryMs: 20 }

async function listen(port = 0) {
  const server = await listenExecutor({ host: '127.0.0.1', port })
  const close = () => server.close()
  return { url: server.url, close, [Symbol.asyncDispose]: close }
}

const addMachine = (rig: GatewayRig, url: string, name = 'box') =>
  rig.state.machines.update((machines) => [
    ...machines,
    { workspaceId: 'w', name, url, description: '', isDefault: false },
  ])

const connected = async (rig: GatewayRig) => {
  const { json } = await askHttp(`${rig.url}/api/exec-gateway/connected`, { token: rig.workspaceToken('w') })
  return (json() as unknown as { name: string }[]).map(({ name }) => name)
}

async function openClient(rig: GatewayRig) {
  const url = `${rig.url.replace('http', 'ws')}/bridge/${rig.exeId('w', 'box')}`
  const transport = await dial({ name: 'box', url, token: rig.workspaceToken('w'), framing: 'relay' })
  const client = await BridgeClient.open(transport, { name: 'box' })
  const close = () => client.close(new BridgeError('canceled', 'done'))
  return { client, [Symbol.asyncDispose]: close }
}

async function run({ client }: Awaited<ReturnType<typeof openClient>>, processId: string, argv: string[]) {
  const { cwd } = client.info
  await client.start({ processId, argv, cwd, env: {}, tty: false, pipeStdin: false })
  let output = ''
  for (let after = 0; ; ) {
    const read = await client.read(processId, { afterSeq: after, waitMs: 5000 })
    for (const { bytes } of read.chunks) output += Buffer.from(bytes).toString()
    after = read.lastSeq
    if (read.closed) return { output, exitCode: read.exitCode }
  }
}

describe('a machine that listens', () => {
  it('is dialled when it is added beside a running gateway, and used by many bridges at once', async () => {
    await using server = await listen()
    await using rig = await startGatewayRig({ limits: FAST })
    await addMachine(rig, server.url)
    await expect.poll(() => connected(rig)).toEqual(['box'])
    await using first = await openClient(rig)
    await using second = await openClient(rig)
    const [a, b] = await Promise.all([
      run(first, 'p1', ['sh', '-c', 'echo one; exit 3']),
      run(second, 'p1', ['sh', '-c', 'head -c 3000000 /dev/zero']),
    ])
    expect(a).toEqual({ output: 'one\n', exitCode: 3 })
    expect([b.output.length, b.exitCode]).toEqual([3_000_000, 0])
  })

  // Its connection ended after the audit had, under load.
  it('is let go and known no more when it is taken out, and stays known when only its address is another', async () => {
    await using server = await listen()
    await using other = await listen()
    await using rig = await startGatewayRig({ limits: FAST })
    await addMachine(rig, server.url)
    await expect.poll(() => connected(rig)).toEqual(['box'])
    await rig.state.machines.update((machines) => machines.map((machine) => ({ ...machine, url: other.url })))
    await server.close()
    await expect.poll(() => connected(rig)).toEqual(['box'])
    await rig.state.machines.update(() => [])
    await expect.poll(() => rig.state.executors.read()).toEqual([])
    expect(await connected(rig)).toEqual([])
  })

  it('is gone when the gateway has stopped, also one that answers no close, and is told of before', async () => {
    await using server = await listenScripted()
    await using rig = await startGatewayRig({ limits: FAST })
    await addMachine(rig, server.url)
    await expect.poll(() => connected(rig)).toEqual(['box'])
    server.upgrades[0]!.socket.pause()
    await rig[Symbol.asyncDispose]()
    expect(rig.logger.lines.map(({ message }) => message)).toContain('executor gone')
  })

  it('is dialled again, after a while, when it was gone', async () => {
    const server = await listen()
    await using rig = await startGatewayRig({ limits: FAST })
    await addMachine(rig, server.url)
    await expect.poll(() => connected(rig)).toEqual(['box'])
    await server.close()
    await expect.poll(() => connected(rig)).toEqual([])
    await using again = await listen(Number(new URL(server.url).port))
    expect(again.url).toBe(server.url)
    await expect.poll(() => connected(rig)).toEqual(['box'])
  })

  it('that is not reached is told of once, and takes nobody the place of the default', async () => {
    await using rig = await startGatewayRig({ limits: FAST })
    const machine = {
      workspaceId: 'w',
      name: 'box',
      url: 'ws://127.0.0.1:1',
      description: '',
      isDefault: true,
    }
    await rig.state.machines.update(() => [machine])
    const told = () => rig.logger.lines.filter(({ message }) => message === 'machine not reached')
    await expect.poll(() => told().length).toBeGreaterThan(2)
    const token = rig.joinToken('w', 'other', { isDefault: true })
    await rig.executor('w', 'other', { token })
    const before = told().length
    await expect.poll(() => told().length).toBeGreaterThan(before + 2)
    const { json } = await askHttp(`${rig.url}/api/exec-gateway/connected`, {
      token: rig.workspaceToken('w'),
    })
    expect(json()).toMatchObject([{ name: 'other', is_default: true }])
    expect(told().filter(({ level }) => level === 'warn')).toHaveLength(1)
    expect(told()[0]).toMatchObject({
      level: 'warn',
      fields: { name: 'box', why: expect.stringContaining('ECONNREFUSED') },
    })
  })

  it('is let go of when it is taken out of the state', async () => {
    await using server = await listen()
    await using rig = await startGatewayRig({ limits: FAST })
    await addMachine(rig, server.url)
    await expect.poll(() => connected(rig)).toEqual(['box'])
    await rig.state.machines.update(() => [])
    await expect.poll(() => connected(rig)).toEqual([])
  })

  it('is not let go of when the state cannot be read, which is said once', async () => {
    await using server = await listen()
    await using rig = await startGatewayRig({ limits: FAST })
    await addMachine(rig, server.url)
    await expect.poll(() => connected(rig)).toEqual(['box'])
    const { path } = rig.state.machines
    const good = await readFile(path, 'utf8')
    const told = () => rig.logger.lines.filter(({ message }) => message === 'machines not read')
    await writeAtomically(path, '{')
    await expect.poll(() => told().length).toBe(1)
    await writeAtomically(path, '{}')
    await expect.poll(() => told().length).toBe(2)
    expect(await connected(rig)).toEqual(['box'])
    await writeAtomically(path, good)
    await addMachine(rig, server.url, 'other')
    await expect.poll(() => connected(rig)).toEqual(['box', 'other'])
  })

  it('does not take the place of a machine that dialled in and lives', async () => {
    await using server = await listen()
    await using rig = await startGatewayRig({ limits: FAST })
    const executor = await rig.executor('w', 'box')
    await addMachine(rig, server.url)
    await addMachine(rig, server.url, 'other')
    await expect.poll(() => connected(rig)).toEqual(['box', 'other'])
    const bridge = await rig.bridge('w', 'box')
    await bridge.ask(bridge.resume(), 1)
    expect(executor.messages.size).toBe(1)
    await rig.state.listening.update(() => ({ localUrl: rig.url, publicUrl: rig.url }))
    const box = async () => (await askStatus(rig.state)).find(({ name }) => name === 'box')
    await expect.poll(box).toMatchObject({ era: 'relay', rival: new URL(server.url).host })
  })

  it('keeps what runs on it when the gateway is restarted: the session is resumed through the next one', async () => {
    await using server = await listen()
    await using rig = await startGatewayRig({ limits: FAST })
    await addMachine(rig, server.url)
    await expect.poll(() => connected(rig)).toEqual(['box'])

    const before = await rig.bridge('w', 'box')
    const stream = before.resume()
    const { sessionId } = await before.request(stream, 'initialize', { clientName: 'test' })
    before.send(stream, '{"method":"initialized","params":{}}')
    const start = { processId: 'p', argv: ['cat'], cwd: 'file:///', env: {}, tty: false, pipeStdin: true }
    expect(await before.request(stream, 'process/start', start)).toMatchObject({ processId: 'p' })

    await rig.restart()
    expect(await before.closed).toBe('The gateway is stopping')
    await expect.poll(() => connected(rig)).toEqual(['box'])
    const after = await rig.bridge('w', 'box')
    const next = after.resume()
    const resumed = { clientName: 'test', resumeSessionId: sessionId }
    expect(await after.request(next, 'initialize', resumed)).toMatchObject({ sessionId })
    after.send(next, '{"method":"initialized","params":{}}')
    const chunk = Buffer.from('still here').toString('base64')
    await after.request(next, 'process/write', { processId: 'p', chunk, writeId: 'w1' })
    const read = { processId: 'p', afterSeq: 0, waitMs: 5000 }
    expect(await after.request(next, 'process/read', read)).toMatchObject({
      chunks: [{ chunk }],
      exited: false,
    })
    await after.request(next, 'process/terminate', { processId: 'p' })
  })
})

import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { BridgeClient } from '../../src/bridge/client.ts'
import { dial } from '../../src/bridge/dial.ts'
import { type JoinOptions, joinExecutor } from '../../src/executor/join.ts'
import { RpcPeer } from '../../src/rpc/peer.ts'
import { BridgeError } from '../../src/util/errors.ts'
import { type GatewayRig, startGatewayRig } from '../support/gateway-rig.ts'
import { askHttp } from '../support/http-ask.ts'
import { createMemoryLogger } from '../support/logs.ts'
import { Mailbox } from '../support/mailbox.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { tempDirectory } from '../support/temp-directory.ts'

const over = () => new BridgeError('unavailable', 'The test is over')

/** An executor that is connected to a gateway as "box" of the workspace "w". */
async function joined(rig: GatewayRig, more: Partial<JoinOptions> = {}) {
  const directory = await tempDirectory()
  const tokenFile = join(directory.path, 'token')
  await writeFile(tokenFile, `${rig.joinToken('w', 'box')}\n`, { mode: 0o600 })
  const logger = createMemoryLogger()
  const connections = new Mailbox<string>()
  const onConnected = (name: string) => connections.put(name)
  // No waits: a test need not see how long they are.
  const executor = await joinExecutor({
    url: rig.url,
    tokenFile,
    logger,
    onConnected,
    random: () => 0,
    ...more,
  })
  return {
    executor,
    logger,
    connections,
    tokenFile,
    async [Symbol.asyncDispose]() {
      await executor.close()
      await directory[Symbol.asyncDispose]()
    },
  }
}

function dialBox(rig: GatewayRig) {
  const url = `${rig.url.replace('http', 'ws')}/bridge/${rig.exeId('w', 'box')}`
  return dial({ name: 'box', url, token: rig.workspaceToken('w'), framing: 'relay' })
}

/** A client behind the gateway. */
async function client(rig: GatewayRig) {
  const box = await BridgeClient.open(await dialBox(rig), { name: 'box' })
  return Object.assign(box, { [Symbol.asyncDispose]: () => box.close(over()) })
}

/** A client message by message, in a session of its own or one it had. */
async function rawClient(rig: GatewayRig, resumeSessionId?: string) {
  const peer = new RpcPeer(await dialBox(rig))
  const params = { clientName: 'test', ...(resumeSessionId === undefined ? {} : { resumeSessionId }) }
  const { sessionId } = (await peer.request('initialize', params)) as { sessionId: string }
  peer.notify('initialized', {})
  return { peer, sessionId, [Symbol.asyncDispose]: () => peer.close(over()) }
}

const request = (processId: string, script: string) => ({
  processId,
  argv: ['/bin/sh', '-c', script],
  cwd: '/tmp',
  env: {},
  tty: false,
  pipeStdin: false,
})

async function outputOf(box: BridgeClient, processId: string): Promise<string> {
  let text = ''
  for (let afterSeq = 0, closed = false; !closed; ) {
    const read = await box.read(processId, { afterSeq, waitMs: 5000 })
    text += Buffer.concat(read.chunks.map(({ bytes }) => bytes)).toString()
    afterSeq = read.lastSeq
    closed = read.closed
  }
  return text
}

describe('an executor that joins a gateway', () => {
  it('is listed under the name of its token, with its own description, and serves many clients at once', async () => {
    await using rig = await startGatewayRig()
    await using box = await joined(rig, { description: 'the one in the cellar' })
    expect(await box.connections.take()).toBe('box')
    const { json } = await askHttp(`${rig.url}/api/exec-gateway/connected`, {
      token: rig.workspaceToken('w'),
    })
    expect(json()).toMatchObject([{ name: 'box', description: 'the one in the cellar' }])
    await using one = await client(rig)
    await using other = await client(rig)
    await one.start(request('p', 'echo one; seq 1 200000'))
    await other.start(request('p', 'echo other'))
    expect(await outputOf(other, 'p')).toBe('other\n')
    expect(await outputOf(one, 'p')).toHaveLength(4 + 1_288_895)
  })

  it('goes on for the others while one client does not read, which loses nothing', async () => {
    // So long that the gateway's patience cannot be what helps the others.
    await using rig = await startGatewayRig({ limits: { patienceMs: 1_000_000 } })
    await using box = await joined(rig)
    await box.connections.take()
    const lazy = await rig.bridge('w', 'box')
    const stream = lazy.resume()
    await lazy.request(stream, 'initialize', { clientName: 'lazy' })
    lazy.send(stream, '{"method":"initialized","params":{}}')
    const { argv, env } = request('p', 'head -c 20000000 /dev/zero')
    const start = { processId: 'p', argv, env, cwd: 'file:///tmp', tty: false, pipeStdin: false, arg0: null }
    await lazy.request(stream, 'process/start', start)
    lazy.socket.pause()
    await using other = await client(rig)
    for (let n = 0; n < 5; n++) {
      await other.start(request(`p${n}`, `echo ${n}`))
      expect(await outputOf(other, `p${n}`)).toBe(`${n}\n`)
    }
    lazy.socket.resume()
    for (let bytes = 0; bytes < 20_000_000; ) {
      const { method, params } = JSON.parse((await lazy.messages.take()).text)
      if (method === 'process/output') bytes += Buffer.byteLength(params.chunk, 'base64')
    }
  })

  it('takes the description of its token when it has none itself', async () => {
    await using rig = await startGatewayRig()
    await using directory = await tempDirectory()
    const tokenFile = join(directory.path, 'token')
    await writeFile(tokenFile, rig.joinToken('w', 'box', { description: 'as the token says' }))
    await using box = await joined(rig, { tokenFile })
    await box.connections.take()
    const { json } = await askHttp(`${rig.url}/api/exec-gateway/connected`, {
      token: rig.workspaceToken('w'),
    })
    expect(json()).toMatchObject([{ description: 'as the token says' }])
  })

  it('comes back after a restart of the gateway, and its sessions go on', async () => {
    await using rig = await startGatewayRig()
    await using box = await joined(rig)
    await box.connections.take()
    const { peer, sessionId } = await rawClient(rig)
    const { processId, argv, env } = request('p', 'echo before; read -r line; echo "after $line"')
    const start = { processId, argv, env, cwd: 'file:///tmp', tty: false, pipeStdin: true, arg0: null }
    await peer.request('process/start', start)
    await rig.restart()
    await box.connections.take()
    await using again = await rawClient(rig, sessionId)
    expect(again.sessionId).toBe(sessionId)
    const chunk = Buffer.from('all\n').toString('base64')
    await again.peer.request('process/write', { processId: 'p', chunk, writeId: 'w' })
    const all = { processId: 'p', afterSeq: 0, maxBytes: null, waitMs: null }
    const read = () => again.peer.request('process/read', all)
    await expect.poll(read).toMatchObject({ closed: true, exitCode: 0 })
    const { chunks } = (await read()) as { chunks: { chunk: string }[] }
    const text = chunks.map((one) => Buffer.from(one.chunk, 'base64').toString()).join('')
    expect(text).toBe('before\nafter all\n')
    expect(box.logger.lines.map(({ message }) => message)).toContain('not connected to the gateway')
  })

  it('goes on trying when its token is refused, reads it anew, and never tells it', async () => {
    await using rig = await startGatewayRig()
    await using box = await joined(rig)
    await box.connections.take()
    const bad = rig.joinToken('w', 'box').replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))
    await writeFile(box.tokenFile, bad)
    await rig.restart()
    await expect.poll(() => JSON.stringify(box.logger.lines), { timeout: 5000 }).toContain('"code":"denied"')
    await writeFile(box.tokenFile, rig.joinToken('w', 'box'))
    expect(await box.connections.take()).toBe('box')
    const told = JSON.stringify(box.logger.lines)
    expect(told).not.toContain(bad)
    expect(told).not.toContain('/executor/')
  })

  it('tries again as soon as its token is written anew, however long it meant to wait', async () => {
    const clock = new ManualClock()
    await using rig = await startGatewayRig()
    await using box = await joined(rig, { executor: { clock }, random: () => 0.999 })
    await box.connections.take()
    await writeFile(box.tokenFile, 'x.y')
    await rig.restart()
    const waits = () => box.logger.lines.map(({ fields }) => fields.waitMs).filter((ms) => ms !== undefined)
    for (const [count, ms] of [0, 999, 1998].entries()) {
      await expect.poll(waits).toHaveLength(count + 1)
      expect(waits()[count]).toBe(ms)
      // For the wait, and for the next look at the file.
      await expect.poll(() => clock.pending, { interval: 1 }).toBe(2)
      if (ms < 1000) await clock.advance(ms)
    }
    await writeFile(box.tokenFile, rig.joinToken('w', 'box'))
    await clock.advance(1000)
    expect(await box.connections.take()).toBe('box')
  })

  it('waits until another machine under its name is gone', async () => {
    await using rig = await startGatewayRig()
    const rival = await rig.executor('w', 'box')
    await using box = await joined(rig, { random: () => 0.05 })
    await expect.poll(() => JSON.stringify(box.logger.lines)).toContain('another machine is connected')
    await rival.cut()
    expect(await box.connections.take()).toBe('box')
  })

  it('follows no answer that would send it where others can read along, or nowhere', async () => {
    await using rig = await startGatewayRig()
    for (const body of ['{"url":"http://127.0.0.1:1/"}', '{}', 'no JSON', '{"url":5}']) {
      const server = createServer((_, response) => response.end(body)).listen(0, '127.0.0.1')
      await new Promise((resolve) => server.once('listening', resolve))
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      {
        await using box = await joined(rig, { url, random: () => 0.05 })
        await expect
          .poll(() => JSON.stringify(box.logger.lines))
          .toContain('names no ws:// or wss:// address')
      }
      await new Promise((resolve) => server.close(resolve))
    }
  })

  it('says at once what is wrong with its token', async () => {
    await using directory = await tempDirectory()
    const tokenFile = join(directory.path, 'token')
    const url = 'http://127.0.0.1:1'
    await expect(joinExecutor({ url, tokenFile })).rejects.toMatchObject({ code: 'denied' })
    await writeFile(tokenFile, 'opaque')
    await expect(joinExecutor({ url, tokenFile })).rejects.toMatchObject({
      message:
        'Cannot join: the token tells no name, as one of "env-mcp gateway token join" does: take such a one, or give --name',
    })
  })
})

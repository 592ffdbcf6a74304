import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { FrameSocket } from '../../src/gateway/frame-socket.ts'
import { GATEWAY_LIMITS } from '../../src/gateway/limits.ts'
import { isLive } from '../../src/gateway/presence.ts'
import { ManualClock } from '../support/manual-clock.ts'

/** A socket of the gateway, and the other end of it. */
async function pair() {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', autoPong: false })
  await once(server, 'listening')
  const accepted = once(server, 'connection') as Promise<[WebSocket]>
  const other = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const [own] = await accepted
  await once(other, 'open')
  const clock = new ManualClock()
  const socket = new FrameSocket(own, { binary: false, pongs: false, highWaterBytes: 1000, clock })
  const frames: string[] = []
  socket.start({ frame: (data) => frames.push(Buffer.from(data).toString()), closed: () => {} })
  return {
    socket,
    other,
    clock,
    frames,
    async [Symbol.asyncDispose]() {
      other.terminate()
      own.terminate()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

describe('FrameSocket', () => {
  it('reads nothing more while anybody holds it', async () => {
    await using rig = await pair()
    const holds = [rig.socket.hold(), rig.socket.hold()]
    rig.other.send('late')
    holds[0]![Symbol.dispose]()
    holds[0]![Symbol.dispose]()
    const ponged = once(rig.other, 'pong').then(() => 'pong')
    rig.other.ping()
    // The other end hears what we send, but we hear nothing of it.
    rig.socket.send(Buffer.from('x'))
    await once(rig.other, 'message')
    expect(rig.frames).toEqual([])
    holds[1]![Symbol.dispose]()
    expect(await ponged).toBe('pong')
    expect(rig.frames).toEqual(['late'])
  })

  it('counts silence from the last sign: a message, a ping or a pong', async () => {
    await using rig = await pair()
    const signs = [
      () => rig.other.send('x'),
      () => rig.other.ping(),
      () => rig.socket.ping(), // which the other end answers
    ]
    for (const sign of signs) {
      await rig.clock.advance(30_000)
      expect(rig.socket.silentMs()).toBe(30_000)
      const seen = rig.socket.nextSign()
      sign()
      expect(await seen).toBe(true)
      expect(rig.socket.silentMs()).toBe(0)
    }
  })

  it('takes one for alive that it is holding, or that takes some of what waits for it', async () => {
    await using rig = await pair()
    {
      using _ = rig.socket.hold()
      await rig.clock.advance(60_000)
      expect(rig.socket.silentMs()).toBe(0)
    }
    rig.other.pause()
    for (let n = 0; n < 20; n++) rig.socket.send(Buffer.alloc(1_000_000))
    expect(rig.socket.silentMs()).toBe(0)
    await rig.clock.advance(60_000)
    const waiting = rig.socket.queuedBytes
    rig.other.resume()
    await expect.poll(() => rig.socket.queuedBytes).toBeLessThan(waiting)
    expect(rig.socket.silentMs()).toBe(0)
  })

  it('answers the newest ping only, when the other end does not read', async () => {
    await using rig = await pair()
    rig.other.pause()
    for (let n = 0; n < 20; n++) rig.socket.send(Buffer.alloc(1_000_000))
    const waiting = rig.socket.queuedBytes
    for (let n = 0; n < 1000; n++) rig.other.ping(`ping ${n}`)
    rig.other.send('after them')
    await expect.poll(() => rig.frames).toEqual(['after them'])
    expect(rig.socket.queuedBytes - waiting).toBeLessThan(100)
    const pongs: string[] = []
    rig.other.on('pong', (data) => pongs.push(data.toString()))
    rig.other.resume()
    await expect.poll(() => pongs).toEqual(['ping 0', 'ping 999'])
  })

  it('is not open from the moment on that it is closed', async () => {
    await using rig = await pair()
    expect(rig.socket.isOpen).toBe(true)
    rig.socket.close(new Error('enough'))
    expect(rig.socket.isOpen).toBe(false)
    expect((await rig.socket.closed).message).toBe('enough')
    expect(await rig.socket.nextSign()).toBe(false)
  })
})

describe('isLive', () => {
  it('is found out by a ping', async () => {
    await using rig = await pair()
    expect(await isLive(rig.socket, rig.clock, GATEWAY_LIMITS)).toBe(true)
    rig.other.pause()
    const answer = isLive(rig.socket, rig.clock, GATEWAY_LIMITS)
    await rig.clock.advance(GATEWAY_LIMITS.probeMs)
    expect(await answer).toBe(false)
    expect(rig.clock.pending).toBe(0)
  })
})

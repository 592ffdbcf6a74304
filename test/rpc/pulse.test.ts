import { on, once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { RPC_LIMITS } from '../../src/rpc/limits.ts'
import { webSocketTransport } from '../../src/rpc/websocket.ts'
import { Recorder } from '../support/recorder.ts'

const { markBytes } = RPC_LIMITS

/** Our end of a WebSocket with its pulse, and the other end, which answers pings by itself or not. */
async function wire({ autoPong = true, pongs = false } = {}) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false, autoPong })
  await once(server, 'listening')
  const near = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const [far] = (await once(server, 'connection')) as [WebSocket]
  if (near.readyState !== WebSocket.OPEN) await once(near, 'open')
  const transport = webSocketTransport(near, { binary: false, pongs, receivedBytes: () => 0 })
  new Recorder(transport)
  return {
    near,
    far,
    transport,
    pulse: transport.pulse!,
    async [Symbol.asyncDispose]() {
      near.terminate()
      far.terminate()
      server.close()
      await once(server, 'close')
    },
  }
}

describe('the pulse of a WebSocket', () => {
  it('is answered by the pong to its own ping, not by one that came unasked, nor by a message', async () => {
    await using my = await wire({ autoPong: false })
    expect(my.pulse.isAnswered).toBe(true)
    my.pulse.ping()
    const [ping] = (await once(my.far, 'ping')) as [Buffer]
    for (const data of ['', 'x', '0 0', '2 0', '1 1000', '1 y', ping]) {
      expect(my.pulse.isAnswered).toBe(false)
      my.far.send('news')
      my.far.pong(data)
      await once(my.near, 'pong')
    }
    expect(my.pulse.isAnswered).toBe(true)
  })

  it('tells how much of what was sent has arrived, also in the middle of a message', async () => {
    await using my = await wire({ autoPong: false })
    const pings: string[] = []
    my.far.on('ping', (data) => pings.push(data.toString()))
    my.transport.send(Buffer.alloc(3 * markBytes + 10, 'x'))
    const [message] = (await once(my.far, 'message')) as [Buffer]
    expect(message.length).toBe(3 * markBytes + 10)
    expect(pings.map((ping) => Number(ping.split(' ')[1]) / markBytes)).toEqual([1, 2, 3])
    expect(my.pulse).toMatchObject({ sentBytes: 3 * markBytes + 10, arrivedBytes: 0 })
    // The other end may answer the latest only.
    my.far.pong(pings[1])
    await once(my.near, 'pong')
    expect(my.pulse.arrivedBytes).toBe(2 * markBytes)
    expect(my.pulse.isAnswered).toBe(true)
  })

  // An exec-server held the answer behind its pong back for 40 ms: blocks of a copy took three times as long.
  it('answers the pong to its own ping as it answers messages, and no other, so that there is no end of pongs', async () => {
    await using my = await wire({ autoPong: false, pongs: true })
    let pongs = 0
    my.far.on('pong', () => pongs++)
    my.pulse.ping()
    const [ping] = (await once(my.far, 'ping')) as [Buffer]
    my.far.pong('unasked')
    my.far.pong(ping)
    await once(my.far, 'pong')
    my.far.pong(ping)
    my.far.pong('unasked')
    my.transport.send(Buffer.from('end'))
    await once(my.far, 'message')
    expect(pongs).toBe(1)
  })

  it('has no marks among what is small', async () => {
    await using my = await wire()
    let pings = 0
    my.far.on('ping', () => pings++)
    for (let n = 0; n < 10; n++) my.transport.send(Buffer.from('small'))
    my.transport.send(Buffer.from('end'))
    for await (const [message] of on(my.far, 'message')) if (String(message) === 'end') break
    expect(pings).toBe(0)
  })
})

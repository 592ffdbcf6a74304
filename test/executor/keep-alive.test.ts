import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { keepAlive } from '../../src/executor/keep-alive.ts'
import { ManualClock } from '../support/manual-clock.ts'

let clock: ManualClock
let server: WebSocketServer
let theirs: WebSocket
let ours: WebSocket

beforeEach(async () => {
  clock = new ManualClock()
  server = new WebSocketServer({ host: '127.0.0.1', port: 0, autoPong: false })
  await once(server, 'listening')
  const connected = once(server, 'connection') as Promise<[WebSocket]>
  ours = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
  await once(ours, 'open')
  theirs = (await connected)[0]
})
afterEach(async () => {
  theirs.terminate()
  ours.terminate()
  server.close()
  await once(server, 'close')
})

describe('keepAlive', () => {
  it('pings every 10 s, and cuts a socket that shows no sign for 25 s', async () => {
    using _ = keepAlive(ours, clock)
    const pinged = once(theirs, 'ping')
    await clock.advance(10_000)
    await pinged
    await clock.advance(14_999)
    expect(ours.readyState).toBe(WebSocket.OPEN)
    const closed = once(ours, 'close')
    await clock.advance(1)
    await closed
  })

  it.each(['pong', 'ping', 'send'] as const)('takes a %s for a sign of life', async (sign) => {
    using _ = keepAlive(ours, clock)
    await clock.advance(20_000)
    const seen = once(ours, sign === 'send' ? 'message' : sign)
    theirs[sign](Buffer.from('x'))
    await seen
    await clock.advance(24_000)
    expect(ours.readyState).toBe(WebSocket.OPEN)
  })

  it('leaves nothing behind', () => {
    keepAlive(ours, clock)[Symbol.dispose]()
    expect(clock.pending).toBe(0)
    expect(ours.listenerCount('pong')).toBe(0)
  })
})

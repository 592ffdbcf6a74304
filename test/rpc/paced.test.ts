import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { RPC_LIMITS } from '../../src/rpc/limits.ts'
import { pacedTransport } from '../../src/rpc/paced.ts'
import type { Transport } from '../../src/rpc/transport.ts'
import { systemClock } from '../../src/util/clock.ts'
import { deferred } from '../../src/util/deferred.ts'
import { BridgeError } from '../../src/util/errors.ts'

const FRAME = Buffer.alloc(64 * 1024)

let server: WebSocketServer
let theirs: WebSocket
let paced: Transport
let over = deferred<void>()

beforeEach(async () => {
  over = deferred()
  server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
  ;[[theirs]] = (await Promise.all([once(server, 'connection'), once(socket, 'open')])) as [
    [WebSocket],
    unknown,
  ]
  paced = pacedTransport(socket, systemClock)
  paced.start({ frame() {}, closed: () => over.resolve() })
})
afterEach(async () => {
  theirs.resume()
  paced.close(new BridgeError('unavailable', 'The test is over'))
  await over.promise
  server.close()
})

/** Sends as long as it may; gives the bytes. */
async function sendAll(bytes: number): Promise<void> {
  for (let sent = 0; sent < bytes; sent += FRAME.byteLength) {
    paced.send(FRAME)
    await paced.drained()
  }
}

describe('pacedTransport', () => {
  it('asks to wait for an end that does not read while the system would still take it, and goes on when it reads', async () => {
    theirs.pause()
    let received = 0
    theirs.on('message', (data: Buffer) => {
      received += data.byteLength
    })
    let sent = 0
    const sending = (async () => {
      for (; sent < 4_000_000; sent += FRAME.byteLength) {
        paced.send(FRAME)
        await paced.drained()
      }
    })()
    for (let n = 0; n < 20; n++) await new Promise(setImmediate)
    expect(sent).toBeLessThanOrEqual(RPC_LIMITS.minWindowBytes)
    theirs.resume()
    await sending
    while (received < sent) await once(theirs, 'message')
  })

  it('lets go who waits when the socket is over', async () => {
    theirs.pause()
    const sending = sendAll(1_000_000)
    await new Promise(setImmediate)
    theirs.terminate()
    await sending
  })

  it('takes no pong for more than it is', async () => {
    theirs.pause()
    const sending = sendAll(1_000_000)
    let isSent = false
    void sending.then(() => {
      isSent = true
    })
    const ponged = once(theirs, 'ping')
    for (const text of ['', '0', '77', 'x'.repeat(100)]) theirs.pong(text)
    for (let n = 0; n < 20; n++) await new Promise(setImmediate)
    expect(isSent).toBe(false)
    theirs.resume()
    await ponged
    await sending
  })
})

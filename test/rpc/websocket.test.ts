import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { RPC_LIMITS } from '../../src/rpc/limits.ts'
import { type WebSocketOptions, webSocketTransport } from '../../src/rpc/websocket.ts'
import { BridgeError } from '../../src/util/errors.ts'
import { Recorder } from '../support/recorder.ts'

const OVER = new BridgeError('canceled', 'no longer needed')

interface Pair extends AsyncDisposable {
  /** Our end. */
  readonly near: WebSocket
  /** The other end, raw. */
  readonly far: WebSocket
}

async function socketPair(): Promise<Pair> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
  await once(server, 'listening')
  const near = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, {
    perMessageDeflate: false,
  })
  const [far] = (await once(server, 'connection')) as [WebSocket]
  if (near.readyState !== WebSocket.OPEN) await once(near, 'open')
  return {
    near,
    far,
    async [Symbol.asyncDispose]() {
      near.on('error', () => {})
      near.terminate()
      far.terminate()
      server.close()
      await once(server, 'close')
    },
  }
}

const TEXT: WebSocketOptions = { binary: false, pongs: false }

describe('webSocketTransport', () => {
  it('sends text or binary as told, and takes both', async () => {
    for (const binary of [false, true]) {
      await using pair = await socketPair()
      const transport = webSocketTransport(pair.near, { ...TEXT, binary })
      const recorder = new Recorder(transport)
      transport.send(Buffer.from('hé'))
      const [data, isBinary] = await once(pair.far, 'message')
      expect([String(data), isBinary]).toEqual(['hé', binary])
      pair.far.send('text')
      pair.far.send(Buffer.from('bytes'))
      await recorder.next()
      await recorder.next()
      expect(recorder.texts).toEqual(['text', 'bytes'])
    }
  })

  it('delivers what came before its start, then the rest, then the end', async () => {
    await using pair = await socketPair()
    const transport = webSocketTransport(pair.near, TEXT)
    pair.far.send('early')
    pair.far.close()
    await once(pair.near, 'close')
    const recorder = new Recorder(transport)
    expect(recorder.texts).toEqual(['early'])
    expect(recorder.reasons).toHaveLength(1)
  })

  it('cuts a large message into frames, none above what an exec-server takes', async () => {
    await using pair = await socketPair()
    const transport = webSocketTransport(pair.near, TEXT)
    new Recorder(transport)
    const frames: number[] = []
    // The raw bytes of the socket: after 127 in the second byte of a frame, its length stands in the next eight.
    const { _socket: raw } = pair.near as unknown as { _socket: NodeJS.WritableStream }
    const write = raw.write.bind(raw)
    raw.write = ((...args: Parameters<typeof write>) => {
      const frame = args[0] as unknown as Buffer
      if ((frame[1]! & 127) === 127) frames.push(Number(frame.readBigUInt64BE(2)))
      return write(...args)
    }) as typeof raw.write
    const message = Buffer.alloc(20 * 1024 * 1024, 'abc')
    transport.send(message)
    const [data] = await once(pair.far, 'message')
    expect((data as Buffer).equals(message)).toBe(true)
    expect(frames).toEqual([8 * 1024 * 1024, 8 * 1024 * 1024, 4 * 1024 * 1024])
  })

  it('answers what comes with bare pongs when told to, and with nothing otherwise', async () => {
    for (const pongs of [true, false]) {
      await using pair = await socketPair()
      const recorder = new Recorder(webSocketTransport(pair.near, { binary: false, pongs }))
      const seen: string[] = []
      pair.far.on('pong', () => seen.push('pong'))
      pair.far.send('1')
      await recorder.next()
      // Whatever pong there is comes before this ping's answer.
      pair.far.ping('marker')
      await once(pair.far, 'pong', { signal: AbortSignal.timeout(5000) })
      if (pongs && seen.length === 1) await once(pair.far, 'pong')
      expect(seen).toHaveLength(pongs ? 2 : 1)
    }
  })

  it('sends its pong before what a message leads to', async () => {
    await using pair = await socketPair()
    const transport = webSocketTransport(pair.near, { binary: false, pongs: true })
    transport.start({ frame: (frame) => transport.send(frame), closed: () => {} })
    const seen: string[] = []
    pair.far.on('pong', (data) => seen.push(`pong ${data}`))
    pair.far.on('message', (data) => seen.push(`message ${data}`))
    pair.far.send('1')
    await once(pair.far, 'message')
    pair.far.ping('marker')
    await once(pair.far, 'pong')
    expect(seen).toEqual(['pong ', 'message 1', 'pong marker'])
  })

  it('answers pings', async () => {
    await using pair = await socketPair()
    new Recorder(webSocketTransport(pair.near, TEXT))
    pair.far.ping('hello')
    const [payload] = await once(pair.far, 'pong')
    expect(String(payload)).toBe('hello')
  })

  it('is over when the other end is, with or without a close frame', async () => {
    for (const end of [
      (far: WebSocket) => far.terminate(),
      (far: WebSocket) => far.close(1001, 'going away'),
    ]) {
      await using pair = await socketPair()
      const recorder = new Recorder(webSocketTransport(pair.near, TEXT))
      end(pair.far)
      await recorder.closed
      expect(recorder.reasons[0]).toMatch(/^Connection lost \((code 1006|going away)\)$/)
    }
  })

  it('closes politely, with the first reason, and drops what is sent later', async () => {
    await using pair = await socketPair()
    const transport = webSocketTransport(pair.near, TEXT)
    const recorder = new Recorder(transport)
    const received: string[] = []
    pair.far.on('message', (data) => received.push(String(data)))
    transport.send(Buffer.from('last'))
    transport.close(OVER)
    transport.close(new Error('second'))
    transport.send(Buffer.from('late'))
    const [code, reason] = await once(pair.far, 'close')
    expect([code, String(reason)]).toEqual([1000, 'no longer needed'])
    await recorder.closed
    expect(recorder.reasons).toEqual(['no longer needed'])
    expect(received).toEqual(['last'])
    transport.close(OVER)
    expect(recorder.reasons).toHaveLength(1)
  })

  it('delivers nothing any more once it is told to close', async () => {
    await using pair = await socketPair()
    const transport = webSocketTransport(pair.near, TEXT)
    const recorder = new Recorder(transport)
    transport.close(OVER)
    pair.far.send('late')
    await recorder.closed
    expect(recorder.frames).toEqual([])
  })

  it('cuts a close reason at a character, since a frame takes 123 bytes', async () => {
    await using pair = await socketPair()
    const transport = webSocketTransport(pair.near, TEXT)
    new Recorder(transport)
    transport.close(new Error(`x${'é'.repeat(200)}`))
    const [, reason] = await once(pair.far, 'close')
    expect(String(reason)).toBe(`x${'é'.repeat(61)}`)
  })

  it('cuts an end that does not answer the close', async () => {
    await using pair = await socketPair()
    const transport = webSocketTransport(pair.near, TEXT)
    const recorder = new Recorder(transport)
    // As a machine that is gone: it reads nothing any more.
    ;(pair.far as unknown as { _socket: { pause(): void } })._socket.pause()
    const before = performance.now()
    transport.close(OVER)
    await recorder.closed
    expect(performance.now() - before).toBeLessThan(RPC_LIMITS.closeTimeoutMs + 1000)
    expect(recorder.reasons).toEqual(['no longer needed'])
  })

  it('asks a sender to wait while much is queued, and lets it go on, also at the end', async () => {
    await using pair = await socketPair()
    const transport = webSocketTransport(pair.near, TEXT)
    new Recorder(transport)
    await transport.drained()
    const { _socket: raw } = pair.far as unknown as { _socket: { pause(): void; resume(): void } }
    raw.pause()
    const message = Buffer.alloc(32 * 1024 * 1024)
    transport.send(message)
    let isDrained = false
    const draining = transport.drained().then(() => {
      isDrained = true
    })
    await new Promise(setImmediate)
    expect(isDrained).toBe(false)
    raw.resume()
    await draining
    raw.pause()
    transport.send(message)
    const atTheEnd = transport.drained()
    pair.near.terminate()
    await atTheEnd
  })

  it('ends on a frame that is not of its protocol', async () => {
    await using pair = await socketPair()
    const recorder = new Recorder(webSocketTransport(pair.near, TEXT))
    ;(pair.far as unknown as { _socket: { write(data: Buffer): void } })._socket.write(
      Buffer.from([0xff, 0xff, 1, 2]),
    )
    await recorder.closed
    expect(recorder.reasons[0]).toMatch(/Invalid WebSocket frame/)
  })
})

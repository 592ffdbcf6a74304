import { once } from 'node:events'
import { get } from 'node:http'
import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { listenExecutor } from '../../src/executor/listen.ts'
import { webSocketTransport } from '../../src/rpc/websocket.ts'
import { outputIn, TestClient } from './client.ts'

const HOST = '127.0.0.1'

/** One that is closed at the end of the block. */
async function listening(token?: string): Promise<{ url: string } & AsyncDisposable> {
  const server = await listenExecutor({ host: HOST, port: 0, token })
  return { url: server.url, [Symbol.asyncDispose]: () => server.close() }
}

/** What an upgrade is answered with. */
async function upgrade(
  url: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; text: string }> {
  const socket = new WebSocket(url, { headers, perMessageDeflate: true })
  socket.on('error', () => {})
  const [first] = await Promise.race([
    once(socket, 'open').then(() => [undefined]),
    once(socket, 'unexpected-response').then(([, response]) => [response]),
  ])
  if (!first) {
    expect(socket.extensions).toBe('')
    socket.terminate()
    return { status: 101, text: '' }
  }
  let text = ''
  for await (const data of first) text += data
  return { status: first.statusCode, text }
}

describe('listenExecutor', () => {
  it('serves clients over a WebSocket', async () => {
    await using server = await listening()
    expect(server.url).toMatch(/^ws:\/\/127\.0\.0\.1:\d+$/)
    const socket = new WebSocket(server.url)
    await once(socket, 'open')
    await using client = new TestClient(webSocketTransport(socket, { binary: false, pongs: true }))
    await client.greet()
    await client.sh('p', 'echo here')
    expect(outputIn(await client.allOf('p'))).toBe('here\n')
  })

  it('answers a start and an exit without delay', async () => {
    await using server = await listening()
    const socket = new WebSocket(server.url)
    await once(socket, 'open')
    // No pongs: nothing of what the client does helps the packets along.
    await using client = new TestClient(webSocketTransport(socket, { binary: false, pongs: false }))
    await client.greet()
    let leastMs = Infinity
    // With Nagle's delay none would ever be below 40 ms; on a busy machine most are not.
    for (let n = 0; n < 200 && leastMs >= 40; n++) {
      const sinceMs = performance.now()
      await client.sh(`${n}`, 'exit')
      await client.allOf(`${n}`)
      leastMs = Math.min(leastMs, performance.now() - sinceMs)
    }
    expect(leastMs).toBeLessThan(40)
  })

  it('says that it is ready', async () => {
    await using server = await listening('secret')
    const url = server.url.replace('ws:', 'http:')
    for (const [path, status] of [
      ['/readyz', 200],
      ['/', 404],
      ['/readyz/x', 404],
    ] as const) {
      const [response] = await once(get(url + path), 'response')
      response.resume()
      expect(response.statusCode).toBe(status)
    }
  })

  it('refuses browsers, even with a good token', async () => {
    await using server = await listening('secret')
    const headers = { Origin: 'http://127.0.0.1', Authorization: 'Bearer secret' }
    expect(await upgrade(server.url, headers)).toMatchObject({ status: 403 })
  })

  it('has one place only', async () => {
    await using server = await listening()
    expect(await upgrade(server.url)).toMatchObject({ status: 101 })
    expect(await upgrade(`${server.url}/other`)).toMatchObject({ status: 404 })
    expect(await upgrade(`${server.url}/?x=1`)).toMatchObject({ status: 404 })
  })

  it('wants its token as a bearer', async () => {
    await using server = await listening('secret')
    const answer = (Authorization?: string) =>
      upgrade(server.url, Authorization === undefined ? {} : { Authorization })
    expect(await answer('Bearer secret')).toMatchObject({ status: 101 })
    expect(await answer('bearer secret')).toMatchObject({ status: 101 })
    expect(await answer()).toEqual({ status: 401, text: 'missing websocket bearer token' })
    expect(await answer('secret')).toEqual({ status: 401, text: 'invalid authorization header' })
    for (const wrong of ['Bearer Secret', 'Bearer secre', 'Bearer secrets', 'Bearer x'])
      expect(await answer(wrong)).toEqual({ status: 401, text: 'invalid websocket bearer token' })
    expect(await upgrade(`${server.url}/?token=secret`)).toMatchObject({ status: 404 })
  })

  it('drops a client whose message is too long, and serves the others', async () => {
    await using server = await listening()
    const socket = new WebSocket(server.url)
    socket.on('error', () => {})
    await once(socket, 'open')
    const closed = once(socket, 'close')
    socket.send(Buffer.alloc(64 * 1024 * 1024 + 1, ' '))
    await closed
    expect(await upgrade(server.url)).toMatchObject({ status: 101 })
  })

  it.each(['0.0.0.0', '192.168.1.1', 'example.org', '::', '127.0.0.1.example.org'])(
    'does not listen on %s',
    async (host) => {
      await expect(listenExecutor({ host, port: 0 })).rejects.toMatchObject({
        code: 'invalid_input',
        message: expect.stringMatching(/^Cannot listen on ".*": it is not an address of the loopback/),
      })
    },
  )

  it('says that the port is taken', async () => {
    await using server = await listening()
    const port = Number(new URL(server.url).port)
    await expect(listenExecutor({ host: HOST, port })).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining('EADDRINUSE'),
    })
  })

  it('ends everything when it closes: clients, processes, and those who only hold a connection', async () => {
    const server = await listenExecutor({ host: HOST, port: 0 })
    const socket = new WebSocket(server.url)
    await once(socket, 'open')
    const client = new TestClient(webSocketTransport(socket, { binary: false, pongs: false }))
    await client.greet()
    await client.sh('p', 'echo $$; exec sleep 1000')
    const pid = Number(outputIn([await client.notices.take()]))
    const idle = connect(Number(new URL(server.url).port), HOST)
    await once(idle, 'connect')
    const idleClosed = once(idle, 'close')
    await Promise.all([server.close(), server.close()])
    expect(() => process.kill(pid, 0)).toThrow('ESRCH')
    await client.closed
    await idleClosed
  })
})

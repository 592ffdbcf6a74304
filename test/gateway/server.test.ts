import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { startGatewayRig } from '../support/gateway-rig.ts'
import { askHttp, askUpgrade } from '../support/http-ask.ts'

/** A connection on which a test says what it wants, byte for byte. */
async function dialRaw(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  await once(socket, 'connect')
  return socket
}

/** Says a byte of a greeting now and then, as long as anybody listens. */
async function trickle(socket: Socket): Promise<void> {
  // A record of 4,000 bytes, and in it a ClientHello as long.
  socket.write(Buffer.from([0x16, 3, 1, 0x0f, 0xa0, 1, 0, 0x0f, 0x9c]))
  while (!socket.destroyed) {
    socket.write('x')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

async function statusOverTls(port: number, ca: Buffer): Promise<number | undefined> {
  const request = httpsRequest(`https://127.0.0.1:${port}/healthz`, { ca, agent: false }).end()
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  await text(response)
  return response.statusCode
}

/** What is answered until the other end closes. */
const all = (socket: Socket) => text(socket).catch(() => '')

describe('the server', () => {
  it('is healthy, and says no more than that', async () => {
    await using rig = await startGatewayRig()
    const { status, json } = await askHttp(`${rig.url}/healthz`)
    expect([status, json()]).toEqual([200, { status: 'ok' }])
  })

  it.each([
    ['GET', '/', 404],
    ['GET', '/bridge', 404],
    ['GET', '/bridge/exe_1/more', 404],
    ['GET', '/bridge/', 404],
    ['GET', '/bridge/exe_1', 404],
    ['GET', '/relay/%zz', 404],
    ['DELETE', '/healthz', 405],
    ['GET', '/api/exec-gateway/tokens', 405],
    ['GET', '//healthz', 404],
    ['GET', '/healthz?x=1', 200],
  ])('answers %s %s with %i', async (method, path, status) => {
    await using rig = await startGatewayRig()
    expect((await askHttp(rig.url + path, { method })).status).toBe(status)
  })

  it('takes no request that names another Host (421), nor one of a page in a browser (403)', async () => {
    await using rig = await startGatewayRig()
    const token = rig.workspaceToken('w')
    for (const [headers, status] of [
      [{ Host: 'evil.example' }, 421],
      [{ Origin: 'https://evil.example' }, 403],
      [{ Origin: 'null' }, 403],
    ] as const) {
      const plain = await askHttp(`${rig.url}/api/exec-gateway/connected`, { token, headers })
      const upgrade = await askUpgrade(`${rig.url}/bridge/exe_1`, { token, headers })
      expect([plain.status, upgrade.status]).toEqual([status, status])
    }
  })

  it('sends no header that lets pages of others read it', async () => {
    await using rig = await startGatewayRig()
    const { headers } = await askHttp(`${rig.url}/healthz`)
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([])
    expect(headers['cache-control']).toBe('no-store')
  })

  it('refuses a body over its limit (413), one that does not come (408), and one that is no JSON (400)', async () => {
    await using rig = await startGatewayRig({ limits: { maxBodyBytes: 100, bodyTimeoutMs: 50 } })
    const url = `${rig.url}/api/exec-gateway/tokens`
    const token = rig.internalSecret
    expect((await askHttp(url, { token, body: { workspace_id: 'x'.repeat(200) } })).status).toBe(413)
    expect((await askHttp(url, { token, body: '{' })).status).toBe(400)
    const socket = await dialRaw(rig.port)
    socket.write(
      `POST /api/exec-gateway/tokens HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\nContent-Length: 9\r\n\r\n{`,
    )
    const [answer] = await once(socket, 'data')
    expect(String(answer)).toMatch(/^HTTP\/1\.1 408 /)
    socket.destroy()
  })

  it('cuts a connection whose headers do not come', async () => {
    await using rig = await startGatewayRig({ limits: { headersTimeoutMs: 100 } })
    const socket = await dialRaw(rig.port)
    socket.write('GET /healthz HTTP/1.1\r\nHost: loc')
    expect(await all(socket)).toMatch(/^HTTP\/1\.1 408 /)
  })

  it.each([
    ['one large header', `X-Bomb: ${'x'.repeat(20_000)}\r\n`, 431],
    ['many small ones', Array.from({ length: 5000 }, (_, n) => `X-${n}: ${n}\r\n`).join(''), 431],
    ['bytes that are no header', '\x00\x01\x02\r\n', 400],
    ['two lengths', 'Content-Length: 1\r\nContent-Length: 2\r\n', 400],
    ['a length and chunks', 'Content-Length: 1\r\nTransfer-Encoding: chunked\r\n', 400],
  ])('refuses %s', async (_, headers, status) => {
    await using rig = await startGatewayRig()
    const socket = await dialRaw(rig.port)
    socket.write(`GET /healthz HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`)
    expect(await all(socket)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect((await askHttp(`${rig.url}/healthz`)).status).toBe(200)
  })

  it('logs once for an address what it could not read, however often it comes', async () => {
    await using rig = await startGatewayRig()
    for (const bomb of ['x'.repeat(20_000), 'y'.repeat(30_000), '\x00']) {
      const socket = await dialRaw(rig.port)
      socket.write(`GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Bomb: ${bomb}\r\n\r\n`)
      await all(socket)
    }
    await askHttp(`${rig.url}/none`)
    expect(rig.logger.lines).toEqual([
      {
        level: 'warn',
        message: 'refused',
        fields: { address: '127.0.0.1', route: 'none', why: 'Request Header Fields Too Large' },
      },
    ])
    const { body } = await askHttp(`${rig.url}/metrics`)
    expect(body).toContain('refusals_total{route="none",status="431"} 2')
  })

  it.each([
    ['nothing', async () => {}],
    ['never to an end', trickle],
  ])('ends a handshake of TLS in which a client says %s, and goes on for others', async (_, say) => {
    const file = (name: string) => readFile(`test/fixtures/gateway/${name}.pem`)
    const tls = { cert: await file('cert'), key: await file('key') }
    await using rig = await startGatewayRig({ tls, limits: { headersTimeoutMs: 300 } })
    const socket = await dialRaw(rig.port)
    // Not `once`: what is said after the end may be answered with a reset, which is an end too.
    const closed = new Promise((resolve) => socket.on('error', () => {}).on('close', resolve))
    await Promise.all([say(socket), closed])
    await expect
      .poll(() => rig.logger.lines.map(({ fields }) => fields.why))
      .toEqual([expect.stringContaining('No TLS: TLS handshake timeout')])
    expect(await statusOverTls(rig.port, tls.cert)).toBe(200)
  })

  it('takes no more connections than its limit, and goes on when some have left', async () => {
    await using rig = await startGatewayRig({ limits: { maxConnections: 2 } })
    const held = [await dialRaw(rig.port), await dialRaw(rig.port)]
    const third = connect(rig.port, '127.0.0.1').on('error', () => {})
    await once(third, 'close')
    expect(rig.logger.lines).toMatchObject([{ fields: { why: 'Too many connections' } }])
    for (const socket of held) socket.destroy()
    await expect
      .poll(async () => (await askHttp(`${rig.url}/healthz`).catch(() => undefined))?.status)
      .toBe(200)
  })

  it('ends with connections of every kind open', async () => {
    const rig = await startGatewayRig({ limits: { closeTimeoutMs: 200 } })
    const executor = await rig.executor('w', 'box')
    const bridge = await rig.bridge('w', 'box')
    await bridge.ask(bridge.resume(), 1)
    const idle = await dialRaw(rig.port)
    const closed = once(idle, 'close')
    await rig[Symbol.asyncDispose]()
    await Promise.all([executor.closed, bridge.closed, closed])
  })

  it('says when its port is taken', async () => {
    await using rig = await startGatewayRig()
    await expect(startGatewayRig({ port: rig.port })).rejects.toThrow('Cannot listen on 127.0.0.1')
  })
})

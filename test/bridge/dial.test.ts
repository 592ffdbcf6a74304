import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { BridgeClient } from '../../src/bridge/client.ts'
import { dial } from '../../src/bridge/dial.ts'
import { BridgeError } from '../../src/util/errors.ts'
import { startGateway } from '../support/gateway.ts'
import { type ListeningOptions, listenScripted } from '../support/listening-exec-server.ts'
import { failure } from '../support/scripted-client.ts'

const TOKEN = 'secret-token-123'
const OVER = new BridgeError('canceled', 'the test is over')

async function openOver(url: string, framing: 'relay' | 'text', token?: string): Promise<BridgeClient> {
  const transport = await dial({ name: 'box', url, framing, token })
  return BridgeClient.open(transport, { name: 'box' })
}

/** What dialling a server that refuses so gives. */
async function refused(refuse: ListeningOptions['refuse']): Promise<{ text: string; host: string }> {
  await using server = await listenScripted(refuse ? { refuse } : {})
  const error = await failure(
    dial({ name: 'box', url: server.url, framing: 'text', token: TOKEN, timeoutMs: 2000 }),
  )
  expect(server.upgrades).toHaveLength(1)
  return { text: error.text, host: new URL(server.url).host }
}

describe('dial', () => {
  it('offers no compression, names no origin, and brings the token as a bearer', async () => {
    await using server = await listenScripted()
    const client = await openOver(server.url, 'text', TOKEN)
    const { headers } = server.upgrades[0]!
    expect(headers).not.toHaveProperty('sec-websocket-extensions')
    expect(headers).not.toHaveProperty('origin')
    expect(headers.authorization).toBe(`Bearer ${TOKEN}`)
    await client.close(OVER)
  })

  it('brings no authorization without a token', async () => {
    await using server = await listenScripted()
    const client = await openOver(server.url, 'text')
    expect(server.upgrades[0]!.headers).not.toHaveProperty('authorization')
    await client.close(OVER)
  })

  it('answers what comes with pongs: without them an exec-server holds its answers back', async () => {
    await using server = await listenScripted()
    const client = await openOver(server.url, 'text')
    await client.metadata('/f')
    // Nothing else goes out in this turn, so the pong does; the next answer comes after it was seen.
    await new Promise((resolve) => void setImmediate(resolve))
    await client.metadata('/f')
    expect(server.pongs).toBeGreaterThan(0)
    await client.close(OVER)
  })

  it('reaches an executor behind a gateway in relay frames', async () => {
    await using server = await listenScripted({ program: () => ({ output: ['hello'] }) })
    const machines = [{ exeId: 'exe_1', name: 'box', url: server.url }]
    await using gateway = await startGateway({ token: TOKEN, machines })
    const client = await openOver(`${gateway.bridgeUrl}/exe_1`, 'relay', TOKEN)
    expect(client.info.version).toBe('0.169.0')
    await client.start({ processId: 'p', argv: ['x'], cwd: '/', env: {}, tty: false, pipeStdin: false })
    const { chunks } = await client.read('p', { afterSeq: 0, waitMs: 5000 })
    expect(Buffer.from(chunks[0]!.bytes).toString()).toBe('hello')
    await client.close(OVER)
  })

  it('ends where a message of more than 256 MiB is announced, before it comes', async () => {
    await using server = await listenScripted()
    const client = await openOver(server.url, 'text')
    const closed = new Promise<BridgeError>((resolve) => client.onClosed(resolve))
    // A text frame, whose length comes in the next 8 bytes.
    const header = Buffer.of(0x81, 127, 0, 0, 0, 0, 0x10, 0, 0, 1)
    server.upgrades[0]!.socket.write(header)
    expect((await closed).message).toMatch(/max payload size exceeded/i)
  })

  it('says what each refusal means, and never shows the token', async () => {
    const cases = [
      [
        { status: 401, text: `invalid token ${TOKEN}\n` },
        '[denied]',
        'HTTP 401 (invalid token …), the token is missing, wrong, expired or revoked: it must be renewed',
      ],
      [
        { status: 403 },
        '[denied]',
        'HTTP 403, the token is not for this machine: ask for access, or use another environment',
      ],
      [
        { status: 404, text: '<html>nope</html>' },
        '[not_found]',
        'HTTP 404, no executor is served there: check the URL',
      ],
      [
        { status: 429, text: 'too many failed tries' },
        '[unavailable]',
        'HTTP 429 (too many failed tries), it is busy, or was asked too often: try again later',
      ],
      [
        { status: 500, text: 'oops' },
        '[unavailable]',
        'HTTP 500 (oops), a fault of the other end: try again later',
      ],
      [
        { status: 503, text: 'executor not connected' },
        '[unavailable]',
        'HTTP 503 (executor not connected), the machine is not connected now: try again later, or use another environment',
      ],
      [
        { status: 302, location: 'http://127.0.0.1:1/' },
        '[unavailable]',
        'HTTP 302, a redirect, which is not followed: give the URL it leads to',
      ],
      [
        { status: 200, text: 'a page' },
        '[unavailable]',
        'HTTP 200 (a page), no WebSocket is served there: check the URL',
      ],
    ] as const
    for (const [answer, code, why] of cases) {
      const { text, host } = await refused(() => answer)
      expect(text).toBe(`${code} Cannot connect to "box" (${host}): ${why}`)
    }
  })

  it('shows a bounded part of what comes with a refusal', async () => {
    const { text } = await refused(() => ({ status: 500, text: 'x'.repeat(1_000_000) }))
    expect(text.length).toBeLessThan(500)
  })

  // The text was cut before the token was taken out: of one that lay across the cut, the beginning was shown.
  it.each([280, 284, 299, 300])(
    'shows no part of a token %i characters into what comes with a refusal',
    async (at) => {
      for (const rest of ['', ' and more'.repeat(100)]) {
        const { text } = await refused(() => ({ status: 500, text: `${'x'.repeat(at)}${TOKEN}${rest}` }))
        expect(text).not.toContain('xs')
      }
    },
  )

  it('shows no part of a token that was cut short on the way', async () => {
    const { text } = await refused(() => ({ status: 500, text: `no ${TOKEN.slice(0, 9)}` }))
    expect(text).toMatch(/HTTP 500 \(no …\)/)
  })

  it('gives up on a server that takes the connection and says nothing', async () => {
    await using server = await listenScripted({ refuse: () => 'hang' })
    const error = await failure(dial({ name: 'box', url: server.url, framing: 'text', timeoutMs: 50 }))
    expect(error.text).toBe('[deadline] Connecting to "box" took longer than 50 ms')
  })

  it('does not wait for the end of a refusal that has none', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => {}).resume()
      socket.write('HTTP/1.1 401 No\r\nContent-Length: 100\r\n\r\nwait')
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
    const error = await failure(dial({ name: 'box', url, framing: 'text' }))
    expect(error.message).toMatch(/: HTTP 401 \(wait\), the token is/)
    server.close()
    await once(server, 'close')
  })

  it('stops when the caller does', async () => {
    await using server = await listenScripted({ refuse: () => 'hang' })
    const caller = new AbortController()
    const dialling = failure(dial({ name: 'box', url: server.url, framing: 'text', signal: caller.signal }))
    await server.nextUpgrade()
    caller.abort(OVER)
    expect(await dialling).toBe(OVER)
  })

  it('says so when nothing listens there', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
    server.close()
    await once(server, 'close')
    const error = await failure(dial({ name: 'box', url: `ws://${host}`, framing: 'text' }))
    expect(error.text).toBe(
      `[unavailable] Cannot connect to "box" (${host}): connection refused, nothing listens there now`,
    )
  })

  it('says so when there is no such host', async () => {
    const error = await failure(dial({ name: 'box', url: 'ws://no-such-host.invalid/x', framing: 'text' }))
    expect(error.text).toMatch(
      /^\[unavailable\] Cannot connect to "box" \(no-such-host\.invalid\): (no such host, check the name|the name cannot be looked up now, try again later)$/,
    )
  })

  it('says so when TLS fails, or the answer is no HTTP', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => socket.end('220 smtp here\r\n'))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
    const tls = await failure(dial({ name: 'box', url: `wss://${host}`, framing: 'text' }))
    expect(tls.text).toMatch(/^\[unavailable\] Cannot connect to "box" \(127\.0\.0\.1:\d+\): TLS failed: /)
    const plain = await failure(dial({ name: 'box', url: `ws://${host}`, framing: 'text' }))
    expect(plain.text).toMatch(/^\[unavailable\] Cannot connect to "box" \(127\.0\.0\.1:\d+\): /)
    server.close()
    await once(server, 'close')
  })

  it('takes only ws:// and wss://, and shows neither executor nor password of a URL', async () => {
    for (const url of ['http://a/', 'not a url', ''])
      expect((await failure(dial({ name: 'box', url, framing: 'text' }))).code).toBe('invalid_input')
    const error = await failure(
      dial({ name: 'box', url: 'ws://user:pass@127.0.0.1:1/bridge/exe_42', framing: 'relay' }),
    )
    expect(error.message).toMatch(/^Cannot connect to "box" \(127\.0\.0\.1:1\): /)
  })
})

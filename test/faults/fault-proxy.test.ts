import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import type { Fault } from '../support/fault.ts'
import { type FaultPlan, type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts'
import { Mailbox } from '../support/mailbox.ts'

/** A server that echoes, behind a proxy. */
class Rig implements AsyncDisposable {
  readonly hits: [Fault, number][] = []
  /** What came to the server. */
  readonly received = new Mailbox<string>()
  /** Connections of the server that are over. */
  readonly ended = new Mailbox<number>()
  readonly #server: WebSocketServer
  readonly #clients: WebSocket[] = []
  #proxy: FaultProxy | undefined

  private constructor(server: WebSocketServer) {
    this.#server = server
    server.on('connection', (socket) => {
      socket.on('message', (data) => {
        this.received.put(String(data))
        socket.send(String(data))
      })
      socket.on('error', () => {})
      socket.on('close', (code) => this.ended.put(code))
    })
  }

  static async start(plan: FaultPlan | readonly Fault[] = []): Promise<Rig> {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
    await once(server, 'listening')
    const rig = new Rig(server)
    const { port } = server.address() as AddressInfo
    const faultsOf = typeof plan === 'function' ? plan : () => plan
    const onHit = (fault: Fault, connection: number) => void rig.hits.push([fault, connection])
    rig.#proxy = await startFaultProxy(`ws://127.0.0.1:${port}`, faultsOf, onHit)
    return rig
  }

  get proxy(): FaultProxy {
    return this.#proxy!
  }

  connect(): Client {
    const client = new Client(this.proxy.url)
    this.#clients.push(client.socket)
    return client
  }

  /** Connects, sends these, and gives what comes back until the connection is over. */
  async exchange(...texts: readonly string[]): Promise<{ messages: string[]; code: number }> {
    const client = this.connect()
    await client.opened
    for (const text of texts) client.socket.send(text)
    const code = await client.closed
    const messages = []
    while (client.messages.size > 0) messages.push(await client.messages.take())
    return { messages, code }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.terminate()
    await this.#proxy?.[Symbol.asyncDispose]()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

class Client {
  readonly socket: WebSocket
  readonly messages = new Mailbox<string>()
  readonly opened: Promise<unknown>
  readonly closed: Promise<number>

  constructor(url: string) {
    this.socket = new WebSocket(url, { perMessageDeflate: false })
    this.socket.on('message', (data) => this.messages.put(String(data)))
    this.opened = once(this.socket, 'open')
    this.opened.catch(() => {}) // who waits for it is told
    this.socket.on('error', () => {})
    this.closed = new Promise((resolve) => this.socket.on('close', resolve))
  }
}

const texts = ['one', 'two', 'three', 'four']

describe('startFaultProxy', () => {
  it('passes everything on, in both directions, when it is told no fault', async () => {
    await using rig = await Rig.start()
    const client = rig.connect()
    await client.opened
    const large = 'x'.repeat(3_000_000)
    for (const text of ['small', large, '']) client.socket.send(text)
    expect(await client.messages.take()).toBe('small')
    expect(await client.messages.take()).toBe(large)
    expect(await client.messages.take()).toBe('')
    client.socket.close(1000)
    expect(await client.closed).toBe(1000)
    expect(await rig.ended.take()).toBe(1000)
    expect(rig.hits).toEqual([])
  })

  it('cuts after a frame, which still arrives', async () => {
    await using rig = await Rig.start([{ kind: 'cut-after-frame', direction: 'down', frame: 2 }])
    expect(await rig.exchange(...texts)).toEqual({ messages: ['one', 'two'], code: 1006 })
    await using other = await Rig.start([{ kind: 'cut-after-frame', direction: 'up', frame: 3 }])
    expect(await other.exchange(...texts)).toMatchObject({ code: 1006 })
    await other.ended.take()
    expect(other.received.size).toBe(3)
  })

  it('cuts at a byte, in the middle of a frame or of the upgrade', async () => {
    await using rig = await Rig.start(() => [{ kind: 'cut-at-byte', direction: 'up', bytes: 1000 }])
    const { messages, code } = await rig.exchange('a'.repeat(100), 'b'.repeat(1000))
    expect({ messages: messages.length <= 1, code }).toEqual({ messages: true, code: 1006 })
    await rig.ended.take()
    expect(rig.received.size).toBe(1)
    await using upgrade = await Rig.start([{ kind: 'cut-at-byte', direction: 'down', bytes: 20 }])
    await expect(upgrade.connect().opened).rejects.toThrow('socket hang up')
  })

  it('refuses for a while after a cut that says so, without counting', async () => {
    const cut: Fault = { kind: 'cut-after-frame', direction: 'down', frame: 1, downMs: 60_000 }
    await using rig = await Rig.start([cut])
    await rig.exchange('one')
    await expect(rig.connect().opened).rejects.toThrow(/ECONNRESET|hang up/)
    expect(rig.proxy.connections).toBe(1)
    expect(rig.hits).toEqual([[cut, 0]])
  })

  it('is silent in one direction from a frame on, and tells nobody', async () => {
    await using rig = await Rig.start([{ kind: 'silence', direction: 'down', frame: 2 }])
    const client = rig.connect()
    await client.opened
    for (const text of texts) client.socket.send(text)
    for (const text of texts) expect(await rig.received.take()).toBe(text)
    expect(await client.messages.take()).toBe('one')
    expect({ waiting: client.messages.size, state: client.socket.readyState }).toEqual({
      waiting: 0,
      state: WebSocket.OPEN,
    })
    client.socket.terminate()
    expect(await rig.ended.take()).toBe(1006)
  })

  it('holds everything from a frame on for a while, and passes it on in order', async () => {
    const ms = 100
    await using rig = await Rig.start([{ kind: 'stall', direction: 'up', frame: 2, ms }])
    const client = rig.connect()
    await client.opened
    for (const text of texts) client.socket.send(text)
    expect(await client.messages.take()).toBe('one')
    const begunAt = performance.now()
    for (const text of texts.slice(1)) expect(await client.messages.take()).toBe(text)
    expect(performance.now() - begunAt).toBeGreaterThan(ms - 30)
  })

  it('delays everything in one direction, and keeps the order', async () => {
    const ms = 50
    await using rig = await Rig.start([{ kind: 'delay', direction: 'down', ms }])
    const client = rig.connect()
    await client.opened
    const begunAt = performance.now()
    for (const text of texts) client.socket.send(text)
    for (const text of texts) expect(await client.messages.take()).toBe(text)
    expect(performance.now() - begunAt).toBeGreaterThan(ms - 5)
  })

  it('sends a frame twice', async () => {
    await using rig = await Rig.start([{ kind: 'duplicate', direction: 'up', frame: 2 }])
    const client = rig.connect()
    await client.opened
    for (const text of texts) client.socket.send(text)
    for (const text of ['one', 'two', 'two', 'three', 'four']) expect(await client.messages.take()).toBe(text)
  })

  it('damages the last byte of a frame', async () => {
    const faults: Fault[] = [
      { kind: 'corrupt', direction: 'up', frame: 1 },
      { kind: 'corrupt', direction: 'down', frame: 2 },
    ]
    await using rig = await Rig.start(faults)
    const client = rig.connect()
    await client.opened
    for (const text of ['{"a":1}', '{"b":2}']) client.socket.send(text)
    expect(await client.messages.take()).toBe('{"a":1|')
    expect(await client.messages.take()).toBe('{"b":2|')
    expect(rig.hits).toEqual(faults.map((fault) => [fault, 0]))
  })

  it.each([1000, 1001, 1008, 1011, 1012, 1013, 4000])('closes with code %i after a frame', async (code) => {
    await using rig = await Rig.start([{ kind: 'close', code, frame: 2 }])
    expect(await rig.exchange(...texts)).toEqual({ messages: ['one', 'two'], code })
  })

  it('cuts the end of the bridge first, and that of the executor later', async () => {
    const ms = 200
    await using rig = await Rig.start([{ kind: 'half-open', direction: 'up', frame: 1, ms }])
    const begunAt = performance.now()
    expect(await rig.exchange('one', 'two')).toMatchObject({ code: 1006 })
    expect(rig.ended.size).toBe(0)
    expect(await rig.ended.take()).toBe(1006)
    expect(performance.now() - begunAt).toBeGreaterThan(ms - 5)
  })

  it('refuses, hangs, or answers with a status, each connection by its number', async () => {
    const faults: Fault[] = [{ kind: 'refuse' }, { kind: 'status', status: 503 }, { kind: 'hang' }]
    await using rig = await Rig.start((connection) => faults.slice(connection, connection + 1))
    await expect(rig.connect().opened).rejects.toThrow(/ECONNRESET|hang up/)
    await expect(rig.connect().opened).rejects.toThrow('Unexpected server response: 503')
    const arrival = rig.proxy.nextConnection()
    const hanging = rig.connect()
    await arrival
    const next = rig.connect()
    await next.opened
    expect(hanging.socket.readyState).toBe(WebSocket.CONNECTING)
    expect(rig.hits).toEqual(faults.map((fault, connection) => [fault, connection]))
  })

  it('cuts all connections, and refuses new ones while it is down', async () => {
    await using rig = await Rig.start()
    const client = rig.connect()
    await client.opened
    rig.proxy.isDown = true
    rig.proxy.cut()
    expect(await client.closed).toBe(1006)
    await expect(rig.connect().opened).rejects.toThrow(/ECONNRESET|hang up/)
    rig.proxy.isDown = false
    await rig.connect().opened
    expect(rig.proxy.connections).toBe(2)
  })
})

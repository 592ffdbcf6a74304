import { describe, expect, it } from 'vitest'
import { FRONT_LIMITS } from '../../src/front/limits.ts'
import { McpConnection } from '../../src/front/mcp.ts'
import type { Outgoing } from '../../src/front/message.ts'
import { textResult } from '../../src/host/tool-host.ts'
import { BridgeError } from '../../src/util/errors.ts'
import { silentLogger } from '../../src/util/log.ts'
import { reasonOf } from '../../src/util/signals.ts'
import { Mailbox } from '../support/mailbox.ts'
import { type Script, ScriptedHost } from '../support/scripted-host.ts'

const server = { name: 'env-mcp', version: '1.2.3', instructions: 'Works on machines' }
const serverInfo = { name: 'env-mcp', version: '1.2.3' }
const modern = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'client', version: '9' },
  'io.modelcontextprotocol/clientCapabilities': {},
}
const modernResult = { resultType: 'complete', _meta: { 'io.modelcontextprotocol/serverInfo': serverInfo } }
/** Both eras, and what each adds to a result. */
const ERAS: [era: string, meta: object, result: object][] = [
  ['legacy', {}, {}],
  ['modern', modern, modernResult],
]

const untilAborted: Script = (_args, { signal }) =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(reasonOf(signal))))

/** A connection, and what it sends. */
class Client {
  readonly sent = new Mailbox<Outgoing>()
  readonly host: ScriptedHost
  readonly connection: McpConnection

  constructor(scripts: Record<string, Script> = {}) {
    this.host = new ScriptedHost({ echo: async ({ text }) => textResult(`${text}`), ...scripts })
    const put = (message: Outgoing) => this.sent.put(message)
    const sink = { send: put, offer: put }
    const limits = { ...FRONT_LIMITS, runningRequests: 3 }
    this.connection = new McpConnection({
      host: this.host,
      server,
      sink,
      logger: silentLogger,
      limits,
      clock: { now: () => 0 },
    })
  }

  send(message: object): void {
    this.connection.receive(JSON.stringify({ jsonrpc: '2.0', ...message }))
  }

  ask(method: string, params?: object): Promise<Outgoing> {
    this.send({ id: 1, method, params })
    return this.sent.take()
  }
}

describe('McpConnection', () => {
  describe('in the legacy era', () => {
    it.each([
      ['2024-11-05', '2024-11-05'],
      ['2025-03-26', '2025-03-26'],
      ['2025-06-18', '2025-06-18'],
      ['2025-11-25', '2025-11-25'],
      ['2026-07-28', '2025-11-25'],
      ['banana', '2025-11-25'],
      [undefined, '2025-11-25'],
    ])('answers initialize of version %s with version %s', async (asked, protocolVersion) => {
      const params = {
        protocolVersion: asked,
        capabilities: {},
        clientInfo: { name: 'client', version: '9' },
      }
      expect(await new Client().ask('initialize', params)).toEqual({
        id: 1,
        result: {
          protocolVersion,
          capabilities: { tools: {} },
          serverInfo,
          instructions: 'Works on machines',
        },
      })
    })

    it('answers ping', async () => {
      expect(await new Client().ask('ping')).toEqual({ id: 1, result: {} })
    })

    it('answers tools/list before initialize too', async () => {
      const client = new Client()
      expect(await client.ask('tools/list')).toEqual({ id: 1, result: { tools: await client.host.list() } })
    })
  })

  describe('in the modern era', () => {
    it('answers server/discover', async () => {
      expect(await new Client().ask('server/discover', { _meta: modern })).toEqual({
        id: 1,
        result: {
          ...modernResult,
          supportedVersions: ['2026-07-28'],
          capabilities: { tools: {} },
          instructions: 'Works on machines',
          ttlMs: 300_000,
          cacheScope: 'private',
        },
      })
    })

    it('answers tools/list with how long it holds', async () => {
      const client = new Client()
      const result = {
        ...modernResult,
        tools: await client.host.list(),
        ttlMs: 300_000,
        cacheScope: 'private',
      }
      expect(await client.ask('tools/list', { _meta: modern })).toEqual({ id: 1, result })
    })

    it.each(['initialize', 'ping', 'logging/setLevel', 'resources/subscribe', 'subscriptions/listen'])(
      'does not know %s',
      async (method) => {
        const answer = { id: 1, error: { code: -32601, message: `Method not found: "${method}"` } }
        expect(await new Client().ask(method, { _meta: modern })).toEqual(answer)
      },
    )

    const without = (key: string) => ({ ...modern, [key]: undefined })
    const version = 'io.modelcontextprotocol/protocolVersion'
    const capabilities = 'io.modelcontextprotocol/clientCapabilities'
    it.each([
      ['server/discover', undefined, version],
      ['server/discover', {}, version],
      ['server/discover', without(version), version],
      ['tools/list', without(version), version],
      ['tools/list', { ...modern, [version]: 20260728 }, version],
      ['tools/list', without(capabilities), capabilities],
      ['tools/call', { ...modern, [capabilities]: [] }, capabilities],
    ])('refuses %s with the _meta %j, and names what is missing', async (method, _meta, key) => {
      const message = expect.stringContaining(`Missing _meta["${key}"]`)
      expect(await new Client().ask(method, { _meta })).toEqual({ id: 1, error: { code: -32602, message } })
    })

    it('does without the name of the client', async () => {
      const _meta = without('io.modelcontextprotocol/clientInfo')
      expect(await new Client().ask('server/discover', { _meta })).toHaveProperty('result')
    })

    it.each(['2025-11-25', '2099-01-01', ''])(
      'refuses the version %j and lists those there are',
      async (requested) => {
        const answer = await new Client().ask('tools/list', { _meta: { ...modern, [version]: requested } })
        expect(answer).toMatchObject({
          error: { code: -32022, data: { supported: ['2026-07-28'], requested } },
        })
      },
    )
  })

  it('answers server/discover and then initialize', async () => {
    const client = new Client()
    expect(await client.ask('server/discover', { _meta: modern })).toHaveProperty('result')
    expect(await client.ask('initialize', { protocolVersion: '2025-06-18' })).toMatchObject({
      result: { protocolVersion: '2025-06-18' },
    })
    expect(await client.ask('tools/list', { _meta: modern })).toHaveProperty('result.ttlMs')
  })

  it('answers what it cannot read, and goes on', async () => {
    const client = new Client()
    for (const [line, code] of [
      ['{', -32700],
      ['[]', -32600],
    ] as const) {
      client.connection.receive(line)
      expect(await client.sent.take()).toMatchObject({ id: null, error: { code } })
    }
    expect(await client.ask('ping')).toEqual({ id: 1, result: {} })
  })

  it.each([['a'], [2.5], [null], [{ a: 1 }], [[1]], [true], [0]])('echoes the id %j', async (id) => {
    const client = new Client()
    client.send({ id, method: 'tools/call', params: { name: 'echo', arguments: { text: 'hi' } } })
    expect(await client.sent.take()).toEqual({ id, result: textResult('hi') })
  })

  it('ignores notifications and responses it does not know', async () => {
    const client = new Client()
    client.send({ method: 'notifications/initialized' })
    client.send({ method: 'notifications/unheard' })
    client.send({ id: 77, result: {} })
    client.send({ method: 'notifications/cancelled', params: { requestId: 77 } })
    client.send({ method: 'notifications/cancelled' })
    expect(await client.ask('ping')).toEqual({ id: 1, result: {} })
    expect(client.sent.size).toBe(0)
  })

  it('cuts an endless method in its answer', async () => {
    const answer = await new Client().ask('x'.repeat(100_000))
    expect(JSON.stringify(answer).length).toBeLessThan(500)
  })

  it('tells in words why there is no list', async () => {
    const client = new Client()
    client.host.list = () =>
      Promise.reject(new BridgeError('unavailable', 'Cannot list the tools: no gateway'))
    const error = { code: -32603, message: '[unavailable] Cannot list the tools: no gateway' }
    expect(await client.ask('tools/list')).toEqual({ id: 1, error })
  })

  describe.each(ERAS)('tools/call in the %s era', (_era, _meta, extra) => {
    const call = (name: string, more: object = {}) => ({ name, _meta, ...more })

    it('answers with the result of the tool', async () => {
      const answer = await new Client().ask('tools/call', call('echo', { arguments: { text: 'hi' } }))
      expect(answer).toEqual({ id: 1, result: { ...textResult('hi'), ...extra } })
    })

    it.each([{}, { arguments: null }])('calls with an empty object for %j', async (given) => {
      const client = new Client()
      await client.ask('tools/call', call('echo', given))
      expect(client.host.calls).toMatchObject([{ args: {} }])
    })

    it.each([[[]], ['text'], [5], [true]])('refuses the arguments %j', async (given) => {
      const client = new Client()
      const message = 'Cannot call "echo": "arguments" must be an object'
      const answer = await client.ask('tools/call', call('echo', { arguments: given }))
      expect(answer).toEqual({ id: 1, error: { code: -32602, message } })
      expect(client.host.calls).toEqual([])
    })

    it('refuses a call without a name', async () => {
      const answer = await new Client().ask('tools/call', { _meta })
      expect(answer).toEqual({
        id: 1,
        error: { code: -32602, message: 'Cannot call a tool: "name" must be a text' },
      })
    })

    it.each(['toString', 'Echo', ''])(
      'refuses the unknown tool %j and lists those there are',
      async (name) => {
        const message = `No tool "${name}": there are "echo", "wait"`
        const answer = await new Client({ wait: untilAborted }).ask('tools/call', call(name))
        expect(answer).toEqual({ id: 1, error: { code: -32602, message } })
      },
    )

    it('answers in words when the tool throws', async () => {
      const fail: Script = () => Promise.reject(new BridgeError('denied', 'Cannot do that: not allowed'))
      const answer = await new Client({ fail }).ask('tools/call', call('fail'))
      expect(answer).toEqual({
        id: 1,
        result: { ...textResult('[denied] Cannot do that: not allowed', true), ...extra },
      })
    })

    it('runs calls side by side, and answers each when it is over', async () => {
      const client = new Client({ wait: untilAborted })
      client.send({ id: 'slow', method: 'tools/call', params: call('wait') })
      client.send({ id: 'fast', method: 'tools/call', params: call('echo') })
      expect(await client.sent.take()).toMatchObject({ id: 'fast' })
      client.connection.abort(new BridgeError('canceled', 'The client has gone'))
      expect(await client.sent.take()).toMatchObject({ id: 'slow', result: { isError: true } })
    })

    it('ends a canceled call and does not answer it', async () => {
      const reasons: BridgeError[] = []
      const wait: Script = (_args, { signal, progress }) =>
        new Promise((_, reject) =>
          signal.addEventListener('abort', () => {
            reasons.push(reasonOf(signal))
            progress(1)
            reject(reasonOf(signal))
          }),
        )
      const client = new Client({ wait })
      const _metaWithToken = { ..._meta, progressToken: 1 }
      client.send({ id: 5, method: 'tools/call', params: { name: 'wait', _meta: _metaWithToken } })
      client.send({ method: 'notifications/cancelled', params: { requestId: '5', reason: 'another id' } })
      await client.ask('tools/list', { _meta })
      expect(reasons).toEqual([])
      client.send({ method: 'notifications/cancelled', params: { requestId: 5, reason: 'enough' } })
      await client.connection.idle()
      expect(reasons).toMatchObject([{ code: 'canceled' }])
      expect(client.sent.size).toBe(0)
    })

    it('does not start a tool when the call was canceled at once', async () => {
      const client = new Client()
      client.send({ id: 5, method: 'tools/call', params: call('echo') })
      client.send({ method: 'notifications/cancelled', params: { requestId: 5 } })
      await client.connection.idle()
      expect(client.host.calls).toEqual([])
    })

    it('tells progress to who gave a token, and none after the answer', async () => {
      let late = (_done: number) => {}
      const steps: Script = async (_args, { progress }) => {
        late = progress
        progress(1, 2, 'half')
        return textResult('done')
      }
      const client = new Client({ steps })
      await client.ask('tools/call', call('steps'))
      expect(client.sent.size).toBe(0)
      const params = { name: 'steps', _meta: { ..._meta, progressToken: 'p' } }
      expect(await client.ask('tools/call', params)).toEqual({
        method: 'notifications/progress',
        params: { progressToken: 'p', progress: 1, total: 2, message: 'half' },
      })
      expect(await client.sent.take()).toHaveProperty('result')
      late(2)
      expect(client.sent.size).toBe(0)
    })
  })

  it('refuses requests above the limit until one is over', async () => {
    const client = new Client({ wait: untilAborted })
    for (const id of [1, 2, 3]) client.send({ id, method: 'tools/call', params: { name: 'wait' } })
    const busy = { code: -32000, message: 'Too busy: 3 requests run already' }
    expect(await client.ask('tools/call', { name: 'echo' })).toEqual({ id: 1, error: busy })
    expect(await client.ask('ping')).toEqual({ id: 1, result: {} })
    client.send({ method: 'notifications/cancelled', params: { requestId: 2 } })
    await new Promise(setImmediate)
    expect(await client.ask('tools/call', { name: 'echo', arguments: { text: 'a' } })).toMatchObject({
      result: textResult('a'),
    })
  })

  it('tells the tools who calls, as codex says it', async () => {
    const client = new Client()
    await client.ask('initialize', { clientInfo: { name: 'codex-mcp-client', version: '0.169.0' } })
    const _meta = { callId: 'b', threadId: 't1', 'x-codex-turn-metadata': { turn_id: 'u1', model: 'm' } }
    await client.ask('tools/call', { name: 'echo', _meta })
    await client.ask('tools/call', {
      name: 'echo',
      _meta: { ...modern, threadId: 5, callId: 'c'.repeat(999) },
    })
    expect(client.host.calls.map(({ caller }) => caller)).toEqual([
      { client: 'codex-mcp-client/0.169.0', threadId: 't1', turnId: 'u1', callId: 'b' },
      { client: 'client/9', threadId: undefined, turnId: undefined, callId: 'c'.repeat(200) },
    ])
  })
})

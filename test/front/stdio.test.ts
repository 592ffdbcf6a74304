import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { FRONT_LIMITS, type FrontLimits } from '../../src/front/limits.ts'
import { serveStdio } from '../../src/front/stdio.ts'
import { textResult } from '../../src/host/tool-host.ts'
import { silentLogger } from '../../src/util/log.ts'
import { reasonOf } from '../../src/util/signals.ts'
import { JsonLines } from '../support/json-lines.ts'
import { ScriptedHost } from '../support/scripted-host.ts'

const server = { name: 'env-mcp', version: '1.2.3', instructions: 'Works on machines' }
const call = (name: string) => ({ id: name, method: 'tools/call', params: { name } })
const ping = { id: 'ping', method: 'ping' }

/** Serves a scripted host to a client that writes what it likes. */
function serve({ limits = {}, signal }: { limits?: Partial<FrontLimits>; signal?: AbortSignal } = {}) {
  const aborted: string[] = []
  const host = new ScriptedHost({
    wait: (_args, { signal }) =>
      new Promise((_, reject) =>
        signal.addEventListener('abort', () => {
          aborted.push(reasonOf(signal).message)
          reject(reasonOf(signal))
        }),
      ),
    stubborn: (_args, { signal }) =>
      new Promise(() => signal.addEventListener('abort', () => aborted.push(reasonOf(signal).message))),
    big: async () => textResult('x'.repeat(100_000)),
  })
  const [input, output] = [new PassThrough(), new PassThrough()]
  const client = new JsonLines(input, output)
  const all = { ...FRONT_LIMITS, ...limits }
  const end = serveStdio({ host, server, input, output, logger: silentLogger, signal, limits: all })
  return { client, host, input, output, aborted, end }
}

describe('serveStdio', () => {
  const odd: [what: string, line: string | Buffer, answer: object][] = [
    ['a malformed line', '{"jsonrpc":"2.0","id":1,\n', { id: null, error: { code: -32700 } }],
    ['a batch', '[{"jsonrpc":"2.0","id":1,"method":"ping"}]\n', { id: null, error: { code: -32600 } }],
    ['null', 'null\n', { id: null, error: { code: -32600 } }],
    ['what is not JSON-RPC', '{"hello":"world"}\n', { id: null, error: { code: -32600 } }],
    ['bytes that are not UTF-8', Buffer.of(0xff, 0xfe, 0x0a), { id: null, error: { code: -32700 } }],
    ['a line over the limit', `${'x'.repeat(1001)}\n`, { id: null, error: { code: -32600 } }],
    ['an unknown method', '{"jsonrpc":"2.0","id":1,"method":"x/y"}\n', { id: 1, error: { code: -32601 } }],
    [
      'tools/call without params',
      '{"jsonrpc":"2.0","id":1,"method":"tools/call"}\n',
      { error: { code: -32602 } },
    ],
  ]
  it.each(odd)('answers %s and goes on', async (_what, line, answer) => {
    const { client, end } = serve({ limits: { lineBytes: 1000 } })
    client.write(line)
    expect(await client.receive()).toMatchObject(answer)
    expect(await client.ask(ping)).toEqual({ jsonrpc: '2.0', id: 'ping', result: {} })
    client.end()
    await end
  })

  it('skips empty lines and takes CRLF', async () => {
    using client = serve().client
    client.write('\n\r\n{"jsonrpc":"2.0","id":1,"method":"ping"}\r\n\n')
    expect(await client.receive()).toMatchObject({ id: 1, result: {} })
    expect(client.waiting).toBe(0)
  })

  it('reads a message that comes byte by byte', async () => {
    using client = serve().client
    const line = Buffer.from('{"jsonrpc":"2.0","id":"€","method":"ping"}\n')
    for (const byte of line) client.write(Buffer.of(byte))
    expect(await client.receive()).toMatchObject({ id: '€', result: {} })
  })

  it('goes on after a line that is nested 50,000 levels deep', async () => {
    using client = serve().client
    const deep = '['.repeat(50_000) + ']'.repeat(50_000)
    client.write(
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","arguments":{"a":${deep}}}}\n`,
    )
    expect(await client.receive()).toMatchObject({ id: 1, error: { code: -32602 } })
    expect(await client.ask(ping)).toHaveProperty('result')
  })

  it('ends when the input ends: aborts what runs, and answers it', async () => {
    const { client, aborted, end } = serve()
    client.send(call('wait'))
    await client.ask(ping)
    client.end()
    expect(await end).toBe('input ended')
    expect(aborted).toEqual(['The client has gone'])
    expect(await client.receive()).toMatchObject({
      id: 'wait',
      result: textResult('[canceled] The client has gone', true),
    })
  })

  it('answers what it was asked before the input ended', async () => {
    const { client, end } = serve()
    client.send({ id: 1, method: 'tools/list' })
    client.end()
    await end
    expect(await client.receive()).toMatchObject({ id: 1, result: { tools: expect.any(Array) } })
  })

  it('does not wait for calls that do not end', async () => {
    const { client, aborted, end } = serve()
    client.send(call('stubborn'))
    await client.ask(ping)
    const startedAt = performance.now()
    client.end()
    expect(await end).toBe('input ended')
    expect(performance.now() - startedAt).toBeLessThan(1500)
    expect(aborted).toEqual(['The client has gone'])
  })

  it('does not wait for a client that reads nothing', async () => {
    const { client, host, end } = serve()
    client.send(call('big'))
    client.end()
    expect(await end).toBe('input ended')
    expect(host.calls).toHaveLength(1)
  })

  it('ends when nobody can read any more', async () => {
    const { client, output, aborted, end } = serve()
    client.send(call('wait'))
    await client.ask(ping)
    output.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
    expect(await end).toBe('output gone')
    expect(aborted).toEqual(['The client has gone'])
  })

  it('ends when the input breaks', async () => {
    const { input, end } = serve()
    input.destroy(new Error('read EIO'))
    expect(await end).toBe('input ended')
  })

  it('ends when it is told to', async () => {
    const stop = new AbortController()
    const { client, aborted, end } = serve({ signal: stop.signal })
    client.send(call('wait'))
    await client.ask(ping)
    stop.abort()
    expect(await end).toBe('stopped')
    expect(aborted).toEqual(['The client has gone'])
  })

  it('ends at once when it was told to before', async () => {
    expect(await serve({ signal: AbortSignal.abort() }).end).toBe('stopped')
  })

  it('leaves no listener behind but those for late errors', async () => {
    const { signal } = new AbortController()
    const { input, client, end } = serve({ signal })
    const fresh = new PassThrough()
    client.end()
    await end
    for (const name of ['data', 'end', 'close'])
      expect([name, input.listenerCount(name)]).toEqual([name, fresh.listenerCount(name)])
  })

  it('stops reading while too many answers wait, and goes on when they are read', async () => {
    const { client, input, host } = serve({ limits: { queuedMessages: 5 } })
    for (let i = 0; i < 50; i++) {
      client.send(call('big'))
      await new Promise(setImmediate)
    }
    expect(host.calls.length).toBeLessThan(10)
    expect(input.isPaused()).toBe(true)
    for (let i = 0; i < 50; i++) expect(await client.receive()).toHaveProperty('result')
    client.end()
  })

  it('does not read again once it has ended', async () => {
    const stop = new AbortController()
    const { client, input, end } = serve({ limits: { queuedMessages: 1 }, signal: stop.signal })
    for (const id of [1, 2, 3]) {
      client.send({ ...call('big'), id })
      await new Promise(setImmediate)
    }
    expect(input.isPaused()).toBe(true)
    stop.abort()
    await end
    for (let i = 0; i < 3; i++) expect(await client.receive()).toHaveProperty('result')
    await new Promise(setImmediate)
    expect(input.isPaused()).toBe(true)
  })
})

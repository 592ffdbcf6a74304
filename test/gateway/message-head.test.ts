import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readAnswer, readCall } from '../../src/gateway/message-head.ts'

const call = (text: string) => readCall(Buffer.from(text))
const answer = (text: string) => readAnswer(Buffer.from(text))

const START = {
  method: 'process/start',
  id: 7,
  params: { processId: 'p1', argv: ['make', '-C', 'secret'], env: { argv: 'x', processId: 'y' } },
}
const HEAD = { kind: 'call', id: '7', method: 'process/start', processId: 'p1', program: 'make' }

describe('readCall', () => {
  it.each([
    ['as it comes', JSON.stringify(START)],
    ['with blanks', JSON.stringify(START, null, 2)],
    [
      'in any order',
      `{"params":${JSON.stringify({ ...START.params, processId: undefined, env: [{}, '}'] }).slice(0, -1)},"processId":"p1"},"id":7,"method":"process/start"}`,
    ],
    [
      'with escapes in keys and values',
      JSON.stringify(START).replace('method', '\\u006dethod').replace('p1', '\\u0070\\u0031'),
    ],
    [
      'with keys twice: the last counts',
      `{"id":1,"method":"fs/x","params":{"processId":"no"},${JSON.stringify(START).slice(1)}`,
    ],
    ['with braces and quotes in texts', JSON.stringify({ jsonrpc: '}"]\\', ...START })],
  ])('reads a message %s', (_, text) => {
    expect(call(text)).toEqual(HEAD)
  })

  it.each([
    ['{"method":"initialized"}', 'notification'],
    ['{"id":1,"result":{}}', 'unread'],
    ['[{"id":1,"method":"x"}]', 'unread'],
    ['{"id":1,"method":"x"', 'unread'],
    ['{"id":1,"method":{"a":1}}', 'unread'],
    ['', 'unread'],
    ['"', 'unread'],
    ['{', 'unread'],
    ['{"', 'unread'],
    ['{"a"', 'unread'],
    ['{"a":}', 'unread'],
    ['{]', 'unread'],
    ['\xff\xfe', 'unread'],
  ])('takes %j for one that is %s', (text, kind) => {
    expect(call(text).kind).toBe(kind)
  })

  it.each([
    [{ processId: 5, argv: 'make' }, undefined, undefined],
    [{ processId: ['a'], argv: [] }, undefined, undefined],
    [{ processId: 'p', argv: [['a'], 'b'] }, 'p', undefined],
    [['p', ['make']], undefined, undefined],
    ['text', undefined, undefined],
  ])('finds in the params %j the process %j and the program %j', (params, processId, program) => {
    expect(call(JSON.stringify({ id: 1, method: 'm', params }))).toEqual({
      kind: 'call',
      id: '1',
      method: 'm',
      processId,
      program,
    })
  })

  it('cuts long texts', () => {
    const long = 'x'.repeat(5000)
    const head = call(JSON.stringify({ id: 1, method: long, params: { processId: long, argv: [long] } }))
    expect(head).toMatchObject({ kind: 'call', method: long.slice(0, 200), program: long.slice(0, 200) })
  })

  it('passes over a text of any length, and gives up on a message that is all small pieces', () => {
    const large = { id: 1, method: 'fs/writeFile', params: { dataBase64: 'A'.repeat(30_000_000) } }
    expect(call(JSON.stringify(large))).toMatchObject({ method: 'fs/writeFile' })
    expect(call(`{"id":1,"method":"x","params":[${'[],'.repeat(1_000_000)}1]}`)).toEqual({ kind: 'unread' })
    expect(call(`{"id":1,"method":"x","params":"${'\\\\'.repeat(1_000_000)}"}`)).toEqual({ kind: 'unread' })
  })

  it('reads every JSON as a parser does', () => {
    const params = fc.record(
      { processId: fc.jsonValue(), argv: fc.jsonValue(), rest: fc.jsonValue() },
      { requiredKeys: [] },
    )
    const messages = fc.record(
      { id: fc.jsonValue(), method: fc.jsonValue(), params, other: fc.jsonValue() },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(messages, fc.constantFrom(0, 1), (message, indent) => {
        const head = call(JSON.stringify(message, null, indent))
        const isCall = typeof message.method === 'string' && isScalar(message.id)
        expect(head.kind === 'call').toBe(isCall)
        if (head.kind !== 'call') return
        expect(head.id).toBe(JSON.stringify(JSON.parse(JSON.stringify(message.id))))
        expect(head.processId).toBe(cut(message.params?.processId))
        expect(head.program).toBe(
          Array.isArray(message.params?.argv) ? cut(message.params.argv[0]) : undefined,
        )
      }),
      { numRuns: 500 },
    )
  })

  it('stands any bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void readCall(bytes)))
    fc.assert(
      fc.property(fc.nat(), fc.nat(255), (at, byte) => {
        const bytes = Buffer.from(JSON.stringify(START))
        bytes[at % bytes.length] = byte
        readCall(bytes)
        readAnswer(bytes)
      }),
    )
  })
})

const isScalar = (value: unknown) => value !== undefined && (typeof value !== 'object' || value === null)
const cut = (value: unknown) => (typeof value === 'string' ? value.slice(0, 200) : undefined)

describe('readAnswer', () => {
  it.each([
    ['{"id":7,"result":{"method":"x","error":1}}', { kind: 'answer', id: '7', isError: false }],
    ['{"result":[1,{"id":2}],"id":"seven"}', { kind: 'answer', id: '"seven"', isError: false }],
    [
      '{"jsonrpc":"2.0","id":7,"error":{"code":-32600,"message":"m"}}',
      { kind: 'answer', id: '7', isError: true },
    ],
    ['{"method":"process/output","params":{"id":7', { kind: 'notification' }],
    ['{"result":{}}', { kind: 'unread' }],
    ['nonsense', { kind: 'unread' }],
  ])('reads %s', (text, head) => {
    expect(answer(text)).toEqual(head)
  })
})

import { describe, expect, it } from 'vitest'
import { encodeMessage, parseMessage } from '../../src/rpc/message.ts'

const parse = (text: string) => parseMessage(Buffer.from(text))

describe('parseMessage', () => {
  it('tells the four kinds apart, with and without "jsonrpc"', () => {
    const cases = [
      [
        '{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":1}}',
        { kind: 'request', id: 1, method: 'm', params: { a: 1 } },
      ],
      ['{"id":"x","method":"m"}', { kind: 'request', id: 'x', method: 'm', params: undefined }],
      ['{"method":"n","params":[1]}', { kind: 'notification', method: 'n', params: [1] }],
      ['{"id":1,"result":null}', { kind: 'result', id: 1, result: null }],
      ['{"id":1,"result":{},"error":null}', { kind: 'result', id: 1, result: {} }],
      [
        '{"error":{"code":-32601,"message":"no"},"id":3}',
        { kind: 'error', id: 3, error: { code: -32601, message: 'no', data: undefined } },
      ],
      [
        '{"error":{"code":-32600,"message":"bad"},"id":null}',
        { kind: 'error', id: null, error: { code: -32600, message: 'bad', data: undefined } },
      ],
      [
        '{"error":{"code":1,"message":"m","data":[1]},"id":"a"}',
        { kind: 'error', id: 'a', error: { code: 1, message: 'm', data: [1] } },
      ],
    ] as const
    for (const [text, message] of cases) expect(parse(text)).toEqual(message)
  })

  it('gives nothing for what is not a message', () => {
    for (const text of [
      '',
      'x',
      'null',
      '7',
      '"a"',
      '[]',
      '[{"id":1,"result":1}]',
      '{}',
      '{"id":1}',
      '{"id":true,"method":"m"}',
      '{"id":null,"method":"m"}',
      '{"result":1}',
      '{"id":{},"result":1}',
      '{"error":"x","id":1}',
      '{"method":7}',
    ])
      expect([text, parse(text)]).toEqual([text, undefined])
    expect(parseMessage(Uint8Array.from([0xff, 0xfe, 0]))).toBeUndefined()
  })

  it('reads a part of a larger buffer as that part', () => {
    const all = Buffer.from('xx{"id":1,"result":2}yy')
    expect(parseMessage(all.subarray(2, -2))).toEqual({ kind: 'result', id: 1, result: 2 })
  })
})

describe('encodeMessage', () => {
  it('writes what parseMessage reads, as the standard wants it', () => {
    expect(Buffer.from(encodeMessage({ id: 1, method: 'm', params: { a: 'é' } })).toString()).toBe(
      '{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":"é"}}',
    )
    expect(Buffer.from(encodeMessage({ method: 'n', params: undefined })).toString()).toBe(
      '{"jsonrpc":"2.0","method":"n"}',
    )
    expect(parseMessage(encodeMessage({ id: null, error: { code: 1, message: 'm' } }))).toMatchObject({
      kind: 'error',
      id: null,
    })
    expect(parseMessage(encodeMessage({ id: 'a', result: [] }))).toEqual({
      kind: 'result',
      id: 'a',
      result: [],
    })
  })
})

import { describe, expect, it } from 'vitest'
import { encodeLine, parseLine } from '../../src/front/message.ts'

const deep = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)

describe('parseLine', () => {
  const requests: [what: string, line: string, id: unknown, params: object][] = [
    ['a number', '{"jsonrpc":"2.0","id":7,"method":"m"}', 7, {}],
    ['a text', '{"jsonrpc":"2.0","id":"seven","method":"m"}', 'seven', {}],
    ['a fraction', '{"jsonrpc":"2.0","id":1.5,"method":"m"}', 1.5, {}],
    ['null', '{"jsonrpc":"2.0","id":null,"method":"m"}', null, {}],
    ['an object', '{"jsonrpc":"2.0","id":{"a":[1]},"method":"m"}', { a: [1] }, {}],
    ['false', '{"jsonrpc":"2.0","id":false,"method":"m"}', false, {}],
    ['0, and more members than known', '{"jsonrpc":"2.0","id":0,"method":"m","x":1}', 0, {}],
    ['1, and params in an array', '{"jsonrpc":"2.0","id":1,"method":"m","params":[1]}', 1, {}],
    ['1, and params null', '{"jsonrpc":"2.0","id":1,"method":"m","params":null}', 1, {}],
    ['1, and params', '{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":1}}', 1, { a: 1 }],
  ]
  it.each(requests)('reads a request whose id is %s', (_what, line, id, params) => {
    expect(parseLine(line)).toMatchObject({ kind: 'request', id, method: 'm', params })
  })

  it('reads a message without an id as a notification', () => {
    const line = '{"jsonrpc":"2.0","method":"notifications/x","params":{"a":1}}'
    expect(parseLine(line)).toEqual({ kind: 'notification', method: 'notifications/x', params: { a: 1 } })
  })

  it.each(['{"jsonrpc":"2.0","id":9,"result":{}}', '{"jsonrpc":"2.0","id":9,"error":{"code":1}}'])(
    'reads %s as a response',
    (line) => expect(parseLine(line)).toEqual({ kind: 'response' }),
  )

  it('reads params that are nested 50,000 levels deep', () => {
    const line = `{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":${deep(50_000)}}}`
    expect(parseLine(line).kind).toBe('request')
  })

  const refused: [what: string, line: string, code: number, id: unknown][] = [
    ['what is not JSON', '{"jsonrpc":', -32700, null],
    ['a batch', '[{"jsonrpc":"2.0","id":1,"method":"ping"}]', -32600, null],
    ['null', 'null', -32600, null],
    ['a number', '17', -32600, null],
    ['an empty object', '{}', -32600, null],
    ['another version of JSON-RPC', '{"jsonrpc":"1.0","id":1,"method":"ping"}', -32600, 1],
    ['a method that is no text', '{"jsonrpc":"2.0","id":"a","method":5}', -32600, 'a'],
    ['an id too deep to be echoed', `{"jsonrpc":"2.0","id":${deep(50_000)},"method":"m"}`, -32600, null],
    ['an id too long to be kept', `{"jsonrpc":"2.0","id":"${'x'.repeat(2000)}","method":"m"}`, -32600, null],
  ]
  it.each(refused)('refuses %s', (_what, line, code, id) => {
    expect(parseLine(line)).toMatchObject({ kind: 'refused', answer: { id, error: { code } } })
  })
})

describe('encodeLine', () => {
  it('writes one line, whatever the text', () => {
    const line = encodeLine({ id: 1, result: { text: 'a\r\nb\u2028\ud800' } }, 1000)
    expect(line).toBe('{"jsonrpc":"2.0","id":1,"result":{"text":"a\\r\\nb\u2028\\ud800"}}\n')
  })

  it('answers with an error when the line would be longer than a client takes', () => {
    const answer = JSON.parse(encodeLine({ id: 1, result: { text: 'ä'.repeat(600) } }, 1000))
    expect(answer).toMatchObject({ id: 1, error: { code: -32603 } })
    expect(answer.error.message).toMatch(/^Cannot send the answer: its 12\d\d bytes are too many$/)
  })

  it('takes a line of less than the limit, counted in bytes', () => {
    expect(encodeLine({ id: 1, result: { text: 'ä'.repeat(400) } }, 1000)).toContain('ää')
  })

  it('answers with an error what cannot be written as JSON', () => {
    const answer = JSON.parse(encodeLine({ id: 'a', result: { value: 1n } }, 1000))
    expect(answer).toMatchObject({ id: 'a', error: { code: -32603 } })
  })
})

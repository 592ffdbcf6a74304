import { describe, expect, it } from 'vitest'
import { exactly, withDigits } from '../../src/front/exact-number.ts'
import { encodeLine, keyFromId, parseLine } from '../../src/front/message.ts'

/** What a client gets for a line, when the answer is empty. */
function echoOf(line: string): string {
  const message = parseLine(line)
  if (message.kind !== 'request') throw new Error(`Not a request: ${line}`)
  return encodeLine({ id: message.id, result: {} }, 1000)
}

// A Go client counts its ids in int64, and may begin anywhere; the answer came with another id, and nobody took it.
describe('a number beyond 2^53', () => {
  it.each(['9007199254740993', '-9223372036854775808', '12345678901234567890', '1'.repeat(400)])(
    'is echoed as an id digit by digit: %s',
    (id) =>
      expect(echoOf(`{"jsonrpc":"2.0","id": ${id} ,"method":"m"}`)).toBe(
        `{"jsonrpc":"2.0","id":${id},"result":{}}\n`,
      ),
  )

  it('is told from its neighbour, so that a cancel ends the right call', () => {
    const [one, other] = ['1152921504606846977', '1152921504606846978'].map((id) => {
      const request = parseLine(`{"jsonrpc":"2.0","id":${id},"method":"m"}`)
      const cancel = parseLine(`{"jsonrpc":"2.0","method":"n","params":{"requestId":${id}}}`)
      if (request.kind !== 'request' || cancel.kind !== 'notification') throw new Error('Not read')
      expect(keyFromId(cancel.params.requestId)).toBe(request.key)
      return request.key
    })
    expect(one).not.toBe(other)
  })

  it('is echoed as the token of a progress', () => {
    const message = parseLine(
      '{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":1,"_meta":{"progressToken":9007199254740993}}}',
    )
    if (message.kind !== 'request') throw new Error('Not read')
    expect(encodeLine({ method: 'p', params: message.params }, 1000)).toBe(
      '{"jsonrpc":"2.0","method":"p","params":{"a":1,"_meta":{"progressToken":9007199254740993}}}\n',
    )
  })

  it('is as JSON reads it where it cannot be told which is meant', () => {
    const line = '{"jsonrpc":"2.0","params":{"id":9007199254740992},"id":9007199254740993,"method":"m","x":1}'
    expect(echoOf(line)).toBe('{"jsonrpc":"2.0","id":9007199254740992,"result":{}}\n')
  })
})

describe('exactly', () => {
  it.each([7, -1, 0, 1.5, 'text', null, { a: 1 }])('leaves %j as it is', (value) => {
    expect(exactly(value, 'id', JSON.stringify({ id: value }))).toBe(value)
  })
})

describe('withDigits', () => {
  it('leaves a text alone that only looks like one', () => {
    expect(withDigits('{"id":"00000000-0000-4000-8000-000000000000:5"}')).toContain(':5"')
  })
})

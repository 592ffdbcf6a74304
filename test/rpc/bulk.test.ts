import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Base64 } from '../../src/rpc/base64.ts'
import { encodeMessage, parseMessage } from '../../src/rpc/message.ts'

const bytes = randomBytes(100_000)
const text = bytes.toString('base64')

describe('a message with a large block', () => {
  it('is written as any JSON is, whatever stands beside the block', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.integer({ min: 0, max: 3 }), (rest, cut) => {
        const chunk = bytes.subarray(cut)
        for (const name of ['chunk', 'dataBase64']) {
          const params = JSON.parse(JSON.stringify({ ...rest, [name]: chunk.toString('base64') }))
          const request = encodeMessage({
            id: 7,
            method: 'm',
            params: { ...rest, [name]: new Base64(chunk) },
          })
          expect(JSON.parse(String(request))).toEqual({ jsonrpc: '2.0', id: 7, method: 'm', params })
          const answer = encodeMessage({ id: 7, result: { ...rest, [name]: new Base64(chunk) } })
          expect(JSON.parse(String(answer))).toEqual({ jsonrpc: '2.0', id: 7, result: params })
        }
      }),
      { numRuns: 30 },
    )
  })

  it('is read with the block as bytes, wherever it stands', () => {
    const cases = [
      [`{"id":1,"result":{"chunk":"${text}","eof":false}}`, { chunk: new Base64(bytes), eof: false }],
      [`{"result":{"eof":true,"dataBase64":"${text}"},"id":1}`, { eof: true, dataBase64: new Base64(bytes) }],
      [
        `{"id":1,"result":{"a":"\\"chunk\\":\\"","chunk":"${text}"}}`,
        { a: '"chunk":"', chunk: new Base64(bytes) },
      ],
    ] as const
    for (const [message, result] of cases)
      expect(parseMessage(Buffer.from(message))).toEqual({ kind: 'result', id: 1, result })
  })

  it('is read as any JSON is when the block is not base64, or not where one is known', () => {
    const results = [
      `{"chunk":"${text.slice(1)}"}`,
      `{"chunk":"${text.slice(4)}\\u0041AAA"}`,
      `{"chunk":"*${text.slice(1)}"}`,
      `{"chunk":"${'é'.repeat(50_000)}"}`,
      `{"other":"${text}"}`,
      `{"chunk" : "${text}"}`,
      `{"deeper":{"chunk":"${text}"}}`,
      `{"chunk":"","deeper":{"chunk":"${text}"}}`,
      `["chunk","${text}"]`,
      `{"numbers":[${'1,'.repeat(40_000)}1],"chunk":""}`,
    ]
    // Compared as text: what differs would be pages long.
    for (const result of results)
      expect(
        JSON.stringify(parseMessage(Buffer.from(`{"id":1,"result":${result}}`))) ===
          JSON.stringify({ kind: 'result', id: 1, result: JSON.parse(result) }),
        result.slice(0, 40),
      ).toBe(true)
  })

  it('is no message when what is around the block is no JSON', () => {
    for (const message of [
      `{"id":1,"result":{"chunk":"${text}"}`,
      `{"id":1,"result":{"chunk":"${text}`,
      `{"id":1,"result":{"chunk":"${text}""}}`,
      `"chunk":"${text}"`,
    ])
      expect(parseMessage(Buffer.from(message))).toBeUndefined()
  })
})

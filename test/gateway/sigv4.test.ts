import { describe, expect, it } from 'vitest'
import { type SignedRequest, signerOf } from '../../src/gateway/sigv4.ts'

// AWS's own published test vectors for Signature Version 4: get-vanilla and get-vanilla-query-order-key-case.
const SECRETS: Record<string, string> = { AKIDEXAMPLE: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' }
const NOW = Date.parse('2015-08-30T12:36:00Z')

function request(url: string, signature: string, changes: Partial<SignedRequest> = {}): SignedRequest {
  const credential = 'AKIDEXAMPLE/20150830/us-east-1/service/aws4_request'
  return {
    method: 'GET',
    url,
    headers: {
      host: 'example.amazonaws.com',
      'x-amz-date': '20150830T123600Z',
      authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host;x-amz-date, Signature=${signature}`,
    },
    body: Buffer.alloc(0),
    ...changes,
  }
}

const VANILLA = '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'
const QUERY = 'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500'
const signer = (signed: SignedRequest, nowMs = NOW) => signerOf(signed, (key) => SECRETS[key], nowMs)

describe('signerOf', () => {
  it.each([
    ['/', VANILLA],
    ['/?Param2=value2&Param1=value1', QUERY],
  ])('knows who signed the published example %s', (url, signature) => {
    expect(signer(request(url, signature))).toBe('AKIDEXAMPLE')
  })

  it.each<[string, SignedRequest]>([
    ['another path', request('/other', VANILLA)],
    ['another method', request('/', VANILLA, { method: 'POST' })],
    ['another body', request('/', VANILLA, { body: Buffer.from('x') })],
    ['another signature', request('/', VANILLA.replace('5', '6'))],
    ['no signature', request('/', VANILLA, { headers: { host: 'x' } })],
    [
      'a date that is none',
      request('/', VANILLA, { headers: { ...request('/', VANILLA).headers, 'x-amz-date': 'now' } }),
    ],
  ])('knows nobody for %s', (_, signed) => {
    expect(signer(signed)).toBeUndefined()
  })

  it('knows nobody for a key it does not know, or a clock far away', () => {
    expect(signerOf(request('/', VANILLA), () => undefined, NOW)).toBeUndefined()
    expect(signer(request('/', VANILLA), NOW + 16 * 60_000)).toBeUndefined()
    expect(signer(request('/', VANILLA), NOW - 14 * 60_000)).toBe('AKIDEXAMPLE')
  })

  it('takes no signature that leaves out the host', () => {
    const { headers } = request('/', VANILLA)
    const authorization = String(headers.authorization).replace('host;x-amz-date', 'x-amz-date')
    expect(signer(request('/', VANILLA, { headers: { ...headers, authorization } }))).toBeUndefined()
  })
})

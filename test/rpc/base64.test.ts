import { describe, expect, it } from 'vitest'
import { Base64, base64 } from '../../src/rpc/base64.ts'

describe('base64', () => {
  it('writes a part of a larger buffer as that part', () => {
    expect(base64(Buffer.from('-hello-').subarray(1, 6))).toBe('aGVsbG8=')
  })
})

describe('Base64', () => {
  it('becomes text when its message is written', () => {
    expect(JSON.stringify({ chunk: new Base64(Buffer.from('hello')) })).toBe('{"chunk":"aGVsbG8="}')
  })
})

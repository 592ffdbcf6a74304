import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { asBytes, asNumber, asText, bytesField, fieldsOf, numberField } from '../../src/rpc/protobuf.ts'

describe('fieldsOf', () => {
  it('gives back what numberField and bytesField wrote, in its order', () => {
    const number = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })
    fc.assert(
      fc.property(number, fc.string(), (value, words) => {
        const message = Buffer.concat([...numberField(1000, value), ...bytesField(2, [Buffer.from(words)])])
        const [first, second] = [...fieldsOf(message)]
        expect([first![0], asNumber(first![1])]).toEqual([1000, value])
        expect([second![0], asText(second![1])]).toEqual([2, words])
      }),
    )
  })

  it('leaves a zero out, as proto3 wants', () => {
    expect(numberField(1, 0)).toEqual([])
  })

  it.each([
    ['a cut number', [0x08, 0x80]],
    ['cut bytes', [0x12, 0x05, 0x61]],
    ['a cut fixed number', [0x09, 1, 2, 3]],
    ['a number without an end', [0x08, ...Array(11).fill(0xff)]],
    ['a wire type that is none', [0x0b]],
  ])('refuses %s', (_what, bytes) => {
    expect(() => [...fieldsOf(Buffer.from(bytes))]).toThrow(/not a relay frame/)
  })
})

describe('values', () => {
  it('are what is asked for, or are refused', () => {
    expect(() => asNumber(new Uint8Array())).toThrow('bytes where a number was due')
    expect(() => asBytes(7)).toThrow('a number where bytes were due')
  })
})

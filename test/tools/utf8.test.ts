import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { borderAfter, borderBefore, characterLength, incompleteCharacter } from '../../src/tools/utf8.ts'

describe('characterLength', () => {
  it.each([
    ['a', [0x61], 1],
    ['é', [0xc3, 0xa9], 2],
    ['€', [0xe2, 0x82, 0xac], 3],
    ['🙂', [0xf0, 0x9f, 0x99, 0x82], 4],
    ['a byte in the middle', [0xa9], 0],
    ['an overlong slash', [0xc0, 0xaf], 0],
    ['an overlong form of three bytes', [0xe0, 0x80, 0x80], 0],
    ['a surrogate', [0xed, 0xa0, 0x80], 0],
    ['beyond the last character', [0xf4, 0x90, 0x80, 0x80], 0],
    ['a beginning', [0xf0, 0x9f, 0x99], -1],
    ['a beginning that is wrong already', [0xf0, 0x80], 0],
  ])('tells %s', (_, bytes, length) => {
    expect(characterLength(Uint8Array.from(bytes), 0)).toBe(length)
  })

  it('agrees with the platform on which bytes are UTF-8', () => {
    const decoder = new TextDecoder('utf-8', { fatal: true })
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 4 }), (bytes) => {
        const length = characterLength(bytes, 0)
        const isOne = (size: number) => {
          try {
            return [...decoder.decode(bytes.subarray(0, size))].length === 1
          } catch {
            return false
          }
        }
        if (length > 0) expect(isOne(length)).toBe(true)
        else expect([1, 2, 3, 4].slice(0, bytes.length).some(isOne)).toBe(false)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('incompleteCharacter', () => {
  it('counts the bytes of a character whose rest has not come', () => {
    const bytes = Buffer.from('a🙂')
    expect([1, 2, 3, 4, 5].map((length) => incompleteCharacter(bytes.subarray(0, length)))).toEqual([
      0, 1, 2, 3, 0,
    ])
  })

  it('does not wait for the rest of what is wrong already', () => {
    expect(incompleteCharacter(Uint8Array.from([0xf0, 0x80]))).toBe(0)
    expect(incompleteCharacter(Uint8Array.from([0x80, 0x80, 0x80, 0x80]))).toBe(0)
  })
})

describe('borders', () => {
  it('lie before and after a character, not in it', () => {
    const bytes = Buffer.from('a🙂b')
    expect([0, 1, 2, 4, 5, 6].map((at) => borderBefore(bytes, at))).toEqual([0, 1, 1, 1, 5, 6])
    expect([0, 1, 2, 4, 5, 6].map((at) => borderAfter(bytes, at))).toEqual([0, 1, 5, 5, 5, 6])
  })
})

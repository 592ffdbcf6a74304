import { describe, expect, it } from 'vitest'
import {
  parseBoolean,
  parseInteger,
  parseMaxOutputBytes,
  parseOptionalText,
  parseText,
  parseVariables,
  withAliases,
} from '../../src/tools/arguments.ts'

describe('parseText', () => {
  it('gives the text, and takes numbers for one', () => {
    expect(parseText({ path: 'a b' }, 'path', 'x')).toBe('a b')
    expect(parseText({ path: 7 }, 'path', 'x')).toBe('7')
  })

  it('says with an example what is missing', () => {
    expect(() => parseText({}, 'path', 'src/main.c')).toThrow(
      'path is missing, such as {"path":"src/main.c"}',
    )
    expect(() => parseText({ path: null }, 'path', 'x')).toThrow('path is missing')
    expect(() => parseText({ path: '' }, 'path', 'x')).toThrow('path is missing')
  })

  it('refuses what is no text', () => {
    expect(() => parseOptionalText({ path: ['x'] }, 'path')).toThrow('path must be a text')
  })
})

describe('withAliases', () => {
  it('prefers the name of the schema, and takes another where it is absent', () => {
    expect(withAliases({ cmd: 'b' }, 'command', 'cmd').command).toBe('b')
    expect(withAliases({ command: 'a', cmd: 'b' }, 'command', 'cmd').command).toBe('a')
    expect(withAliases({ command: null, cmd: 'b' }, 'command', 'cmd').command).toBe('b')
  })
})

describe('parseInteger', () => {
  const rule = { min: 0, max: 280_000, example: 45_000 }

  it.each([
    [45, 45],
    ['45', 45],
    ['45_000', 45_000],
    [1.9, 1],
    [0, 0],
    [999_999, 280_000],
    [undefined, undefined],
    [null, undefined],
    ['', undefined],
  ])('reads %j as %j', (value, number) => {
    expect(parseInteger({ timeout_ms: value }, 'timeout_ms', rule)).toBe(number)
  })

  it.each([[-1], ['soon'], [true], [Number.NaN], [[1]], ['45s']])('refuses %j with the range', (value) => {
    expect(() => parseInteger({ timeout_ms: value }, 'timeout_ms', rule)).toThrow(
      'timeout_ms must be a whole number from 0 to 280,000, such as {"timeout_ms":45000}',
    )
  })
})

describe('parseBoolean', () => {
  it.each([
    [true, true],
    ['True', true],
    [1, true],
    ['no', false],
    ['0', false],
    [undefined, true],
    [null, true],
  ])('reads %j as %j', (value, flag) => {
    expect(parseBoolean({ tty: value }, 'tty', true)).toBe(flag)
  })

  it('refuses anything else', () => {
    expect(() => parseBoolean({ tty: 'maybe' }, 'tty', false)).toThrow(
      'tty must be true or false, such as {"tty":true}',
    )
  })
})

describe('parseVariables', () => {
  it('takes texts, numbers and booleans, and leaves out null', () => {
    expect(parseVariables({ env: { A: 'x', B: 1, C: true, D: null } }, 'env')).toEqual({
      A: 'x',
      B: '1',
      C: 'true',
    })
    expect(parseVariables({}, 'env')).toEqual({})
  })

  it.each([[['A=1']], ['A=1'], [{ A: { b: 1 } }], [{ '': 'x' }], [{ 'A=B': 'x' }], [{ A: 'x\0y' }]])(
    'refuses %j',
    (env) => {
      expect(() => parseVariables({ env }, 'env')).toThrow(/^env/)
    },
  )
})

describe('parseMaxOutputBytes', () => {
  it.each([
    [{}, 40_000],
    [{ max_output_bytes: 1000 }, 1000],
    [{ max_output_bytes: 1 }, 100],
    [{ max_output_bytes: 10 ** 9 }, 1_000_000],
    [{ max_output_tokens: 500 }, 2000],
    [{ max_output_tokens: 10 ** 9 }, 1_000_000],
    [{ max_output_bytes: 1000, max_output_tokens: 1 }, 1000],
  ])('reads %j as %d', (raw, bytes) => {
    expect(parseMaxOutputBytes(raw)).toBe(bytes)
  })
})

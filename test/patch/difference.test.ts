import { describe, expect, it } from 'vitest'
import { differenceOf } from '../../src/patch/difference.ts'

describe('differenceOf', () => {
  it.each([
    ['white space', 'a  b', 'a b'],
    ['the case of letters', 'Ab', 'aB'],
    ['escapes (such as \\n, \\" or &lt;)', '"a" <', '\\"a\\" &lt;'],
    ['punctuation (such as quotes, dashes or …)', 'a - b', 'a – b'],
    ['a line number in front', 'L12: a', 'a'],
    [undefined, 'a', 'b'],
  ])('names %s', (name, expected, found) => {
    expect(differenceOf(expected, found)).toBe(name)
  })

  it('does not look at lines of many thousand characters', () => {
    const line = 'a '.repeat(60_000)
    expect(differenceOf(line, `${line} `)).toBeUndefined()
  })
})

import { describe, expect, it } from 'vitest'
import { Pattern } from '../../src/tools/pattern.ts'

describe('Pattern', () => {
  it('matches at the lines of a text', () => {
    const pattern = new Pattern('wait_for', '^ready$')
    expect(pattern.test('not ready\nready\n')).toBe(true)
    expect(pattern.test('not ready\n')).toBe(false)
  })

  it('gives the lines that match', () => {
    expect(new Pattern('grep', 'err|warn').filter(['ok', 'an err', 'warned'])).toEqual(['an err', 'warned'])
  })

  it('takes the flags that other languages write in front', () => {
    expect(new Pattern('grep', '(?i)ERROR').test('an error')).toBe(true)
  })

  it('says what is wrong with one that is none', () => {
    expect(() => new Pattern('grep', '(')).toThrow(/^grep is not a regular expression: .*Unterminated group/)
  })

  it('gives up on one that would search for ever', () => {
    const pattern = new Pattern('wait_for', '(a+)+$')
    expect(() => pattern.test(`${'a'.repeat(40)}b`)).toThrow(
      'wait_for "(a+)+$" takes more than 1000 ms here: use a simpler regular expression',
    )
  })
})

import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { splitWords } from '../../src/util/split-words.ts'

describe('splitWords', () => {
  it.each([
    'a b  c',
    "vault read -field='my token' path",
    'a "b c" d',
    'a\\ b c',
    String.raw`"a \"quoted\" \$HOME \x" '\n'`,
    `a'b'"c"d ''`,
    'a\\\nb',
  ])('splits %j as sh does', (line) => {
    const bySh = execFileSync('sh', ['-c', `printf '%s\\0' ${line}`], { encoding: 'utf8' })
      .split('\0')
      .slice(0, -1)
    expect(splitWords(line)).toEqual(bySh)
  })

  it('expands nothing', () => {
    expect(splitWords('$HOME * ~ a|b')).toEqual(['$HOME', '*', '~', 'a|b'])
  })

  it.each([`a 'b`, 'a "b', 'a\\'])('says what is wrong with %j', (line) => {
    expect(typeof splitWords(line)).toBe('string')
  })
})

import { describe, expect, it } from 'vitest'
import { ExpectedOutput } from './expected-output.ts'

function expecting(...lines: readonly string[]): ExpectedOutput {
  const output = new ExpectedOutput()
  for (const line of lines) output.expect(line)
  return output
}

const part = (text: string, hasNotes = false) => ({ text, hasNotes })

describe('ExpectedOutput', () => {
  it('takes what was expected, in parts that end anywhere', () => {
    const output = expecting('one', 'two', 'three')
    for (const text of ['on', 'e\ntw', '', 'o\nthree']) expect(output.take(part(text))).toBeUndefined()
    expect(output.missing).toBe('"\\n"')
    expect(output.take(part('\n'))).toBeUndefined()
    expect(output.missing).toBeUndefined()
  })

  it.each([
    ['a line that comes twice', ['one\n', 'one\n']],
    ['a line that is left out', ['one\n', 'three\n']],
    ['bytes that are left out', ['one\n', 'wo\n']],
    ['bytes that come twice', ['one\nt', 'two\n']],
    ['more than all', ['one\ntwo\nthree\n', 'four\n']],
    ['a note in the middle', ['one\n[about 4 bytes are gone]\ntwo\n']],
  ])('refuses %s', (_, texts) => {
    const output = expecting('one', 'two', 'three')
    const last = texts.pop()!
    for (const text of texts) expect(output.take(part(text))).toBeUndefined()
    expect(output.take(part(last))).toMatch(/^after .* must come .*, not /)
  })

  it('knows that notes may begin a line of their own', () => {
    const output = expecting('one', 'two')
    expect(output.take(part('on\n', true))).toBeUndefined()
    expect(output.take(part('e\ntwo\n', true))).toBeUndefined()
    expect(output.missing).toBeUndefined()
    expect(expecting('one').take(part('on\n'))).toBeDefined()
  })

  it('takes the last lines again only where that is said', () => {
    const output = expecting('one', 'two', 'three')
    output.take(part('one\ntwo\n'))
    expect(output.takeLast(part('two\n'))).toBeUndefined()
    expect(output.takeLast(part('three\n'))).toBeUndefined()
    expect(output.missing).toBeUndefined()
    expect(output.takeLast(part('one\n'))).toBeDefined()
  })
})

import { describe, expect, it } from 'vitest'
import { controlLength, incompleteControl } from '../../src/tools/control-sequences.ts'

/** What is left of a text when what steers the terminal is taken out. */
function stripped(text: string): string {
  const bytes = Buffer.from(text)
  let out = ''
  for (let at = 0; at < bytes.length; ) {
    const length = controlLength(bytes, at)
    if (length === 0) out += String.fromCharCode(bytes[at]!)
    at += length || 1
  }
  return out
}

describe('controlLength', () => {
  it.each([
    ['colours', '\x1b[1;31mred\x1b[0m', 'red'],
    ['cursor movement', 'a\x1b[2Kb\x1b[10;20Hc\x1b[?25l', 'abc'],
    ['a bracketed paste', '\x1b[?2004h$ ls\x1b[?2004l', '$ ls'],
    ['a title that ends with a bell', '\x1b]0;u@box: ~\x07$', '$'],
    ['a link that ends with ST', '\x1b]8;;http://x\x1b\\here\x1b]8;;\x1b\\', 'here'],
    ['a device control string', 'a\x1bP1$r0m\x1b\\b', 'ab'],
    ['character sets and keypad modes', '\x1b(B\x1b=\x1b>\x0fa\x0e', 'a'],
    ['bells', 'a\x07b', 'ab'],
    ['line ends of a terminal', 'a\r\nb\r\r\nc', 'a\nb\nc'],
  ])('takes out %s', (_, text, rest) => {
    expect(stripped(text)).toBe(rest)
  })

  it('leaves a lone carriage return, tabs and backspaces', () => {
    expect(stripped('10%\r20%\tx\b')).toBe('10%\r20%\tx\b')
  })

  it('takes out a long title whole', () => {
    expect(stripped(`\x1b]0;${'t'.repeat(3000)}\x07$`)).toBe('$')
  })

  it('looks at a bounded part of what has no end', () => {
    expect(stripped(`\x1b]${'t'.repeat(100_000)}`).length).toBe(100_000)
  })
})

describe('incompleteControl', () => {
  it.each([
    ['an escape', 'ab\x1b', 1],
    ['half a colour', 'ab\x1b[1;3', 5],
    ['half a title', 'ab\x1b]0;tit', 7],
    ['a title with half its end', 'ab\x1b]0;t\x1b', 6],
    ['half a character set', 'ab\x1b(', 2],
    ['a carriage return', 'ab\r', 1],
    ['nothing, after a whole sequence', '\x1b[1mab', 0],
    ['nothing, after a whole title', '\x1b]0;t\x1b\\', 0],
    ['the last of several', '\x1b[1mab\x1b[0', 3],
  ])('counts %s', (_, text, length) => {
    expect(incompleteControl(Buffer.from(text), 1024)).toBe(length)
  })

  it('gives up on one that is longer than asked', () => {
    expect(incompleteControl(Buffer.from(`\x1b]0;${'t'.repeat(2000)}`), 1024)).toBe(0)
  })
})

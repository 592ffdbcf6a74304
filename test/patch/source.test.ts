import { describe, expect, it } from 'vitest'
import { fold } from '../../src/patch/fold.ts'
import { Source } from '../../src/patch/source.ts'
import { utf8Problem } from '../../src/patch/utf8.ts'

describe('Source', () => {
  it.each([
    ['', [], '\n', false],
    ['a', ['a'], '\n', true],
    ['a\n', ['a'], '\n', false],
    ['a\r\nb\nc\rd', ['a', 'b', 'c', 'd'], '\r\n', true],
    ['\r\r\n\n\r', ['', '', '', ''], '\r', false],
    ['a\u000b\u000c\u0085\u2028b\r', ['a\u000b\u000c\u0085\u2028b'], '\r', false],
    ['é\n'.repeat(100), Array.from({ length: 100 }, () => 'é'), '\n', false],
    ['\n'.repeat(70), Array.from({ length: 70 }, () => ''), '\n', false],
  ])('cuts %j', (text, lines, lineEnd, isUnended) => {
    const source = new Source(Buffer.from(text))
    expect(Array.from({ length: source.lineCount }, (_, at) => source.text(at))).toEqual(lines)
    expect(source).toMatchObject({ lineEnd, isUnended })
    expect(source.start(source.lineCount)).toBe(Buffer.byteLength(text))
  })

  it('knows the line of a byte', () => {
    const source = new Source(Buffer.from('ab\n\ncd'))
    expect([0, 2, 3, 4, 5].map((byte) => source.lineAt(byte))).toEqual([0, 0, 1, 2, 2])
  })
})

describe('fold', () => {
  const folded = (text: string) => Buffer.from(fold(Buffer.from(text))).toString()

  it('makes typographic characters plain, and no others', () => {
    const dashes = '\u2010\u2011\u2012\u2013\u2014\u2015\u2212'
    const blanks = '\u00a0\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000'
    expect(folded(dashes)).toBe('-------')
    expect(folded('\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f')).toBe('\'\'\'\'""""')
    expect(folded(blanks)).toBe(' '.repeat(13))
    const others = '\u2000\u2001\u1680\u200b\ufeff\t\u00ad\uff0d«»\u2032…é😀\u2016\u2017\u2020'
    expect(folded(others)).toBe(others)
    expect(folded(`é${dashes}é😀“`)).toBe('é-------é😀"')
  })

  it('gives the same bytes when there is nothing to do', () => {
    const bytes = Buffer.from('plain é 😀')
    expect(fold(bytes)).toBe(bytes)
  })
})

describe('utf8Problem', () => {
  it.each([
    [[0x61, 0xc3, 0xa9, 0xf0, 0x9f, 0x98, 0x80, 0], undefined],
    [[0x61, 0xff], 'invalid utf-8 sequence of 1 bytes from index 1'],
    [[0x80], 'invalid utf-8 sequence of 1 bytes from index 0'],
    [[0xc0, 0xaf], 'invalid utf-8 sequence of 1 bytes from index 0'],
    [[0xc3, 0x28], 'invalid utf-8 sequence of 1 bytes from index 0'],
    [[0xed, 0xa0, 0x80], 'invalid utf-8 sequence of 1 bytes from index 0'],
    [[0xe2, 0x82, 0x28], 'invalid utf-8 sequence of 2 bytes from index 0'],
    [[0xf0, 0x9f, 0x98, 0x28], 'invalid utf-8 sequence of 3 bytes from index 0'],
    [[0xf0, 0x80, 0x80, 0x80], 'invalid utf-8 sequence of 1 bytes from index 0'],
    [[0xf4, 0x90, 0x80, 0x80], 'invalid utf-8 sequence of 1 bytes from index 0'],
    [[0x61, 0xc3], 'incomplete utf-8 byte sequence from index 1'],
    [[0x61, 0xf0, 0x9f, 0x98], 'incomplete utf-8 byte sequence from index 1'],
  ])('%j: %s', (bytes, problem) => {
    expect(utf8Problem(Uint8Array.from(bytes))).toBe(problem)
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LineReader } from '../../src/front/lines.ts'

function read(chunks: readonly (string | Buffer)[], limitBytes = 100): string[] {
  const seen: string[] = []
  const reader = new LineReader(limitBytes, {
    line: (text) => seen.push(text),
    tooLong: () => seen.push('<too long>'),
  })
  for (const chunk of chunks) reader.push(Buffer.from(chunk))
  return seen
}

describe('LineReader', () => {
  const cases: [fact: string, chunks: (string | Buffer)[], lines: string[]][] = [
    ['gives each line of a chunk', ['one\ntwo\n'], ['one', 'two']],
    ['joins a line of several chunks', ['o', 'n', 'e\ntw', 'o\n'], ['one', 'two']],
    ['takes CRLF for LF', ['one\r\ntwo\r', '\n'], ['one', 'two']],
    ['skips blank lines', ['\n\r\n  \none\n\n'], ['one']],
    ['ignores a byte order mark', ['\ufeff{}\n'], ['{}']],
    ['keeps back a line that has not ended', ['one\ntwo'], ['one']],
    ['joins a character of several chunks', [Buffer.of(0xe2, 0x82), Buffer.of(0xac, 0x0a)], ['€']],
    ['shows bytes that are not UTF-8 and goes on', [Buffer.of(0xff, 0x61, 0x0a), 'b\n'], ['\ufffda', 'b']],
  ]
  it.each(cases)('%s', (_fact, chunks, lines) => {
    expect(read(chunks)).toEqual(lines)
  })

  const tooLong: [fact: string, chunks: string[], lines: string[]][] = [
    ['takes a line of just the limit', ['12345\n'], ['12345']],
    ['refuses one byte more in one chunk', ['123456\nnext\n'], ['<too long>', 'next']],
    ['refuses one byte more in the last chunk', ['123', '456\nnext\n'], ['<too long>', 'next']],
    ['reports a line once, before its end, and skips the rest', ['123456', '7890123', '4'], ['<too long>']],
    ['goes on with the line after', ['1234567', '8\nnext\n'], ['<too long>', 'next']],
  ]
  it.each(tooLong)('%s', (_fact, chunks, lines) => {
    expect(read(chunks, 5)).toEqual(lines)
  })

  it('keeps nothing of a line that is too long', () => {
    const reader = new LineReader(1000, { line: () => {}, tooLong: () => {} })
    const chunk = Buffer.alloc(1_000_000, 'x')
    const before = process.memoryUsage().arrayBuffers
    for (let i = 0; i < 50; i++) reader.push(chunk)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10_000_000)
  })

  it('gives the same lines wherever the chunks are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.stringMatching(/^[a-zäö€😀]{1,20}$/u)),
        fc.array(fc.nat(200)),
        (lines, cuts) => {
          const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''))
          const at = [
            0,
            ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b),
            bytes.length,
          ]
          const chunks = at.slice(1).map((end, i) => bytes.subarray(at[i], end))
          expect(read(chunks)).toEqual(lines)
        },
      ),
    )
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { OutputStream } from '../../src/protocol/executor.ts'
import { decodeBytes, piecesAfter } from '../../src/tools/decode.ts'
import { textOf } from '../../src/tools/output.ts'
import { RetainedLog } from '../../src/tools/retained-log.ts'

type Chunk = string | readonly number[] | readonly [OutputStream, string | readonly number[]]

function logOf(stream: OutputStream, ...chunks: Chunk[]): RetainedLog {
  const log = new RetainedLog()
  for (const [at, chunk] of chunks.entries()) {
    const [its, bytes] = typeof chunk[0] === 'string' && chunk.length === 2 ? chunk : [stream, chunk]
    log.append({ seq: at + 1, stream: its as OutputStream, bytes: Buffer.from(bytes as string) })
  }
  return log
}

function read(
  log: RetainedLog,
  afterSeq: number,
  options: { isOver?: boolean; raw?: boolean; isDrained?: boolean } = {},
) {
  const request = { afterSeq, isOver: false, isDrained: false, raw: false, ...options }
  return textOf(piecesAfter(log, request).flatMap((piece) => piece.decode()))
}

describe('piecesAfter', () => {
  it('puts a character together that was cut by a border of chunks', () => {
    const log = logOf('stdout', [0x61, 0xf0], [0x9f], [0x99, 0x82, 0x62])
    expect(read(log, 0)).toBe('a🙂b')
  })

  it('leaves an unfinished character to the next read', () => {
    const log = logOf('stdout', [0x61, 0xf0, 0x9f])
    expect(read(log, 0)).toBe('a')
    log.append({ seq: 2, stream: 'stdout', bytes: Buffer.from([0x99, 0x82]) })
    expect(read(log, 1)).toBe('🙂')
  })

  it('shows it as bytes when the process is over, once', () => {
    const log = logOf('stdout', [0x61, 0xf0, 0x9f])
    expect(read(log, 0, { isOver: true })).toBe('a\\xf0\\x9f')
    expect(read(log, 1, { isOver: true })).toBe('\\xf0\\x9f')
    expect(read(log, 1, { isOver: true, isDrained: true })).toBe('')
  })

  it('keeps the streams apart where one cuts into a character of the other', () => {
    const log = logOf('stdout', ['stdout', [0x61, 0xc3]], ['stderr', 'ERR'], ['stdout', [0xa9, 0x62]])
    expect(read(log, 0)).toBe('aERRéb')
    expect(read(log, 2)).toBe('éb')
    expect(read(log, 1)).toBe('ERRéb')
  })

  it('shows what is not UTF-8, and NUL, as bytes', () => {
    expect(read(logOf('stdout', [0x61, 0xff, 0x00, 0xc0, 0xaf, 0x62]), 0)).toBe('a\\xff\\x00\\xc0\\xafb')
  })

  it('takes control sequences out of what a terminal shows, also across chunks', () => {
    const log = logOf('pty', 'a\x1b[3', '1mred\x1b]0;ti', 'tle\x07\r', '\nend')
    expect(read(log, 0)).toBe('ared\nend')
    expect(read(log, 1)).toBe('red\nend')
    expect(read(log, 2)).toBe('\nend')
    expect(read(log, 3)).toBe('\nend')
  })

  it('leaves them when asked to, and in the output of pipes', () => {
    expect(read(logOf('pty', '\x1b[1ma\r\n'), 0, { raw: true })).toBe('\x1b[1ma\r\n')
    expect(read(logOf('stdout', '\x1b[1ma\r\n'), 0)).toBe('\x1b[1ma\r\n')
  })

  it('says where something is no longer kept', () => {
    const log = logOf('stdout', 'a')
    log.lose(4, 12_345)
    log.append({ seq: 5, stream: 'stdout', bytes: Buffer.from('b') })
    expect(read(log, 0)).toBe('a\n[… 12,345 bytes no longer kept …]\nb')
  })

  it('shows every byte exactly once, however it was cut and however it is read', () => {
    const text = fc.array(
      fc.oneof(
        fc.constantFrom('a', 'é', '🙂', '\r\n', '\x1b[31m', '\x1b]0;x\x07', '\x1b(B'),
        fc.constant(Buffer.from([0xff])),
        fc.constant(Buffer.from([0xe2, 0x82])),
      ),
      { maxLength: 30 },
    )
    fc.assert(
      fc.property(text, fc.array(fc.nat(4)), fc.array(fc.boolean()), (parts, sizes, stops) => {
        const bytes = Buffer.concat(parts.map((part) => Buffer.from(part)))
        const log = new RetainedLog()
        let shown = ''
        let cursor = 0
        for (let at = 0, seq = 1; at < bytes.length; seq++) {
          const size = (sizes[seq % sizes.length] ?? 2) + 1
          log.append({ seq, stream: 'pty', bytes: bytes.subarray(at, at + size) })
          at += size
          if (!stops[seq % stops.length]) continue
          shown += read(log, cursor)
          cursor = seq
        }
        shown += read(log, cursor, { isOver: true })
        expect(shown).toBe(textOf(decodeBytes(bytes, true)))
      }),
      { numRuns: 1000 },
    )
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { piecesAfter } from '../../src/tools/decode.ts'
import { cutOutput } from '../../src/tools/output.ts'
import { LOG_LIMITS, RetainedLog } from '../../src/tools/retained-log.ts'

function logOf(...chunks: (string | Uint8Array)[]): RetainedLog {
  const log = new RetainedLog()
  for (const [at, chunk] of chunks.entries())
    log.append({ seq: at + 1, stream: 'stdout', bytes: Buffer.from(chunk) })
  return log
}

function cut(log: RetainedLog, limit: number, afterSeq = 0) {
  const request = { afterSeq, isOver: true, isDrained: false, raw: false }
  return cutOutput(piecesAfter(log, request), limit, afterSeq)
}

/** Lines `1` to `count`, in chunks of `size` bytes. */
function numbered(count: number, size: number): RetainedLog {
  const text = Array.from({ length: count }, (_, at) => `${at + 1}\n`).join('')
  return logOf(...(text.match(new RegExp(`.{1,${size}}`, 'gs')) ?? []))
}

describe('cutOutput', () => {
  it('leaves what fits as it is', () => {
    expect(cut(logOf('one\n', 'two\n'), 8)).toEqual({ head: 'one\ntwo\n', tail: '', omitted: undefined })
  })

  it('keeps the first and the last half on borders of lines, and counts what is between', () => {
    const { head, tail, omitted } = cut(numbered(10_000, 4096), 1000)
    expect(head.length).toBeLessThanOrEqual(500)
    expect(tail.length).toBeLessThanOrEqual(500)
    expect(head).toMatch(/^1\n2\n.*\n$/s)
    expect(tail).toMatch(/^\d+\n.*\n10000\n$/s)
    const shown = `${head}${tail}`.match(/\n/g)!.length
    expect(omitted!.lines).toBe(10_000 - shown)
    expect(omitted!.bytes).toBe(48_894 - head.length - tail.length)
    expect(omitted!.lostBytes).toBe(0)
    const [last, next] = [head, tail].map((text) => text.trim().split('\n').map(Number))
    expect(next![0]! - last!.at(-1)!).toBe(omitted!.lines + 1)
  })

  it('cuts on borders of characters where there are no lines', () => {
    const { head, tail, omitted } = cut(logOf('🙂'.repeat(1000)), 101)
    expect(head).toBe('🙂'.repeat(12))
    expect(tail).toBe('🙂'.repeat(12))
    expect(omitted).toMatchObject({ bytes: 4000 - 96, lines: 0 })
  })

  it('does not cut what stands for one byte', () => {
    const { head, tail, omitted } = cut(logOf(Buffer.alloc(100, 0xff)), 22)
    expect(head).toBe('\\xff\\xff')
    expect(tail).toBe('\\xff\\xff')
    expect(omitted!.bytes).toBe(96)
  })

  it('says after which chunk to read on', () => {
    const log = logOf('a'.repeat(100), 'b'.repeat(100), 'c'.repeat(100), 'd'.repeat(100))
    expect(cut(log, 300).omitted).toMatchObject({ afterSeq: 1, chunkBytes: 100 })
    expect(cut(log, 200).omitted).toMatchObject({ afterSeq: 1, chunkBytes: 100 })
    expect(cut(log, 100).omitted).toMatchObject({ afterSeq: 0, chunkBytes: 100 })
    expect(cut(log, 100, 2).omitted).toMatchObject({ afterSeq: 2, chunkBytes: 100 })
  })

  it('counts what is no longer kept as left out', () => {
    const log = new RetainedLog()
    const line = Buffer.from(`${'x'.repeat(63)}\n`)
    const total = (2 * LOG_LIMITS.maxBytes) / 64
    for (let seq = 1; seq <= total; seq++) log.append({ seq, stream: 'stdout', bytes: line })
    const { head, tail, omitted } = cut(log, 1000)
    const shown = (head.length + tail.length) / 64
    expect(omitted!.lines + shown).toBe(total)
    expect(omitted!.bytes).toBe((total - shown) * 64)
    expect(omitted!.lostBytes).toBeGreaterThanOrEqual(LOG_LIMITS.maxBytes)
  })

  it('decodes no more than it shows', () => {
    const pieces = piecesAfter(numbered(1_000_000, 8192), {
      afterSeq: 0,
      isOver: true,
      isDrained: false,
      raw: false,
    })
    let decoded = 0
    const counted = pieces.map((piece) => ({
      ...piece,
      decode: () => {
        decoded += piece.rawBytes
        return piece.decode()
      },
    }))
    cutOutput(counted, 10_000, 0)
    expect(decoded).toBeLessThan(40_000)
  })

  it('holds the limit and loses count of nothing, whatever comes', () => {
    const chunk = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc
        .string({ unit: fc.constantFrom('a', '\n', 'é', '🙂'), maxLength: 40 })
        .map((text) => Buffer.from(text)),
    )
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 20 }), fc.integer({ min: 1, max: 200 }), (chunks, limit) => {
        const { head, tail, omitted } = cut(logOf(...chunks), limit)
        expect(Buffer.byteLength(head) + Buffer.byteLength(tail)).toBeLessThanOrEqual(limit)
        if (!omitted) return
        const lines = chunks.reduce((sum, one) => sum + one.filter((byte) => byte === 10).length, 0)
        expect(omitted.lines + (head + tail).split('\n').length - 1).toBe(lines)
        expect(omitted.bytes).toBeGreaterThan(0)
      }),
      { numRuns: 1000 },
    )
  })
})

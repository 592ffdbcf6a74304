import { describe, expect, it } from 'vitest'
import type { OutputStream } from '../../src/protocol/executor.ts'
import { isGap, LOG_LIMITS, RetainedLog } from '../../src/tools/retained-log.ts'

function chunk(seq: number, text: string | Uint8Array, stream: OutputStream = 'stdout') {
  return { seq, stream, bytes: Buffer.from(text) }
}

/** What the log gives after a position, in short. */
function read(log: RetainedLog, afterSeq: number): string[] {
  return log
    .after(afterSeq)
    .map((item) => (isGap(item) ? `gap ${item.lostBytes}` : `${item.seq} ${Buffer.from(item.bytes)}`))
}

describe('RetainedLog', () => {
  it('gives what came after a position, in order', () => {
    const log = new RetainedLog()
    for (const seq of [1, 2, 4, 7]) log.append(chunk(seq, `<${seq}>`))
    expect(read(log, 0)).toEqual(['1 <1>', '2 <2>', '4 <4>', '7 <7>'])
    expect(read(log, 2)).toEqual(['4 <4>', '7 <7>'])
    expect(read(log, 5)).toEqual(['7 <7>'])
    expect(read(log, 7)).toEqual([])
    expect(log.lastSeq).toBe(7)
  })

  it('ignores a chunk that came before', () => {
    const log = new RetainedLog()
    log.append(chunk(2, 'b'))
    log.append(chunk(2, 'again'))
    log.append(chunk(1, 'late'))
    expect(read(log, 0)).toEqual(['2 b'])
  })

  it('keeps its own copy of the bytes', () => {
    const log = new RetainedLog()
    const bytes = Buffer.from('mine')
    log.append({ seq: 1, stream: 'stdout', bytes })
    bytes.fill(0)
    expect(read(log, 0)).toEqual(['1 mine'])
  })

  it('drops the oldest beyond its limit, but not the beginning, and counts what is gone', () => {
    const log = new RetainedLog()
    const size = 64 * 1024
    const count = 3 * (LOG_LIMITS.maxBytes / size)
    const block = Buffer.alloc(size, 'x\n')
    for (let seq = 1; seq <= count; seq++) log.append(chunk(seq, block))
    const items = log.after(0)
    const gap = items.find(isGap)!
    const kept = items.filter((item) => !isGap(item)).length
    expect(isGap(items[0]!)).toBe(false)
    expect(items.at(-1)!.seq).toBe(count)
    expect(kept * size).toBeLessThanOrEqual(LOG_LIMITS.maxBytes)
    expect(kept * size).toBeGreaterThan(LOG_LIMITS.maxBytes * 0.95)
    expect(kept * size + gap.lostBytes).toBe(count * size)
    expect(gap.lostLines).toBe(gap.lostBytes / 2)
  })

  it('keeps the right bytes while it uses its memory again', () => {
    const log = new RetainedLog()
    const size = (seq: number) => 1 + ((seq * 7919) % 9000)
    const bytesOf = (seq: number) => Buffer.alloc(size(seq), `${seq},`)
    const last = 6000
    for (let seq = 1; seq <= last; seq++) log.append({ seq, stream: 'stdout', bytes: bytesOf(seq) })
    const kept = log.after(0).flatMap((item) => (isGap(item) ? [] : [item]))
    expect(kept.filter(({ seq, bytes }) => !bytesOf(seq).equals(bytes))).toEqual([])
    expect(kept.at(-1)?.seq).toBe(last)
    expect(kept.length).toBeLessThan(last / 2)
  })

  it('bounds what a process costs that writes byte by byte', () => {
    const log = new RetainedLog()
    const byte = Buffer.from('x')
    for (let seq = 1; seq <= LOG_LIMITS.maxChunks * 1.5; seq++) log.append(chunk(seq, byte))
    expect(log.after(LOG_LIMITS.headBytes).length).toBeLessThanOrEqual(LOG_LIMITS.maxChunks + 1)
    expect(log.cost).toBeLessThanOrEqual(
      (LOG_LIMITS.maxChunks + LOG_LIMITS.headBytes) * (LOG_LIMITS.chunkCost + 1),
    )
  })

  it('marks the place of output that never came', () => {
    const log = new RetainedLog()
    log.append(chunk(1, 'a'))
    log.lose(3, 1000)
    log.append(chunk(4, 'b'))
    expect(read(log, 0)).toEqual(['1 a', 'gap 1000', '4 b'])
    expect(read(log, 1)).toEqual(['gap 1000', '4 b'])
    expect(read(log, 3)).toEqual(['4 b'])
  })

  it('gives room back when it is told to, the beginning last', () => {
    const log = new RetainedLog()
    for (let seq = 1; seq <= 10; seq++) log.append(chunk(seq, Buffer.alloc(64 * 1024)))
    const before = log.cost
    log.shrink(128 * 1024)
    expect(before - log.cost).toBeGreaterThanOrEqual(128 * 1024)
    expect(log.after(0)[0]!.seq).toBe(1)
    log.shrink(Number.MAX_SAFE_INTEGER)
    expect(log.cost).toBe(0)
    expect(read(log, 0)).toEqual([`gap ${10 * 64 * 1024}`])
    log.append(chunk(11, 'new'))
    expect(read(log, 0)).toEqual([`gap ${10 * 64 * 1024}`, '11 new'])
  })

  it('finds what a stream wrote last before a position, not across a gap', () => {
    const log = new RetainedLog()
    log.append(chunk(1, 'abc'))
    log.append(chunk(2, 'ERR', 'stderr'))
    log.append(chunk(3, 'def'))
    const lastBytes = (seq: number, stream: OutputStream, most: number) =>
      Buffer.from(log.before(seq, stream, most)).toString()
    expect(lastBytes(3, 'stdout', 5)).toBe('bcdef')
    expect(lastBytes(2, 'stdout', 5)).toBe('abc')
    expect(lastBytes(3, 'stderr', 5)).toBe('ERR')
    log.lose(4, 10)
    log.append(chunk(5, 'g'))
    expect(lastBytes(5, 'stdout', 5)).toBe('g')
  })
})

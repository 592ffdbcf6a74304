import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OutputBuffer, type OutputBufferOptions } from '../../src/protocol/output-buffer.ts'
import { BridgeError } from '../../src/util/errors.ts'

const LOST = new BridgeError('process_lost', 'gone')
const NOW = { afterSeq: 0, waitMs: 0 }
/** Far longer than a test may take: whoever waits so long is woken by something else. */
const LONG_MS = 600_000

function bufferOf(...texts: string[]): OutputBuffer {
  return fill(new OutputBuffer({ maxBytes: 1_000_000 }), ...texts)
}

function fill(buffer: OutputBuffer, ...texts: string[]): OutputBuffer {
  for (const text of texts) push(buffer, buffer.lastSeq + 1, text)
  return buffer
}

function push(buffer: OutputBuffer, seq: number, text: string): void {
  buffer.push({ seq, stream: 'stdout', bytes: Buffer.from(text) })
}

async function textAfter(buffer: OutputBuffer, afterSeq = 0): Promise<string> {
  const { chunks } = await buffer.read({ afterSeq, waitMs: 0 })
  return chunks.map(({ bytes }) => Buffer.from(bytes).toString()).join('')
}

describe('OutputBuffer', () => {
  it('gives what came after the cursor, and the next cursor', async () => {
    const buffer = bufferOf('a', 'b', 'c')
    expect(await textAfter(buffer)).toBe('abc')
    expect(await textAfter(buffer, 2)).toBe('c')
    expect(await buffer.read({ afterSeq: 3, waitMs: 0 })).toEqual({
      chunks: [],
      lastSeq: 3,
      droppedBytes: 0,
      exited: false,
      exitCode: undefined,
      closed: false,
    })
  })

  it('counts exit and close into the order', async () => {
    const buffer = bufferOf('a')
    buffer.exit(2, 7)
    push(buffer, 3, 'b')
    buffer.close(4)
    expect(await buffer.read({ afterSeq: 1, waitMs: 0 })).toMatchObject({
      lastSeq: 4,
      exitCode: 7,
      closed: true,
    })
    expect(await textAfter(buffer)).toBe('ab')
  })

  it('ignores what is not newer, and what comes after the close', async () => {
    const buffer = bufferOf('a', 'b')
    push(buffer, 2, 'again')
    buffer.close(3)
    push(buffer, 9, 'late')
    expect(await textAfter(buffer)).toBe('ab')
    expect(buffer.lastSeq).toBe(3)
  })

  it('keeps the first exit code', async () => {
    const buffer = bufferOf()
    buffer.exit(1, 3)
    buffer.exit(1, 9)
    expect(buffer.exitCode).toBe(3)
  })

  it('never goes back with the cursor', async () => {
    expect((await bufferOf('a').read({ afterSeq: 50, waitMs: 0 })).lastSeq).toBe(50)
  })

  describe('a wait', () => {
    it('ends with output, exit or close, for everyone who waits', async () => {
      for (const [happen, wanted] of [
        [(buffer: OutputBuffer) => push(buffer, 2, 'b'), { lastSeq: 2 }],
        [(buffer: OutputBuffer) => buffer.exit(2, 0), { exited: true }],
        [(buffer: OutputBuffer) => buffer.close(2), { closed: true }],
        // An exit whose place in the order is not known.
        [(buffer: OutputBuffer) => buffer.exit(1, 0), { exited: true }],
      ] as const) {
        const buffer = bufferOf('a')
        const readers = [1, 2].map(() => buffer.read({ afterSeq: 1, waitMs: LONG_MS }))
        happen(buffer)
        for (const read of await Promise.all(readers)) expect(read).toMatchObject(wanted)
      }
    })

    it('does not happen when there is something to tell: output, a close, an exit nobody was told of', async () => {
      expect(await bufferOf('a').read({ afterSeq: 0, waitMs: LONG_MS })).toMatchObject({ lastSeq: 1 })
      const closed = bufferOf('a')
      closed.close(2)
      expect(await closed.read({ afterSeq: 2, waitMs: LONG_MS })).toMatchObject({ closed: true })
      const exited = bufferOf('a')
      await exited.read({ afterSeq: 1, waitMs: 0 })
      exited.exit(1, 0)
      expect(await exited.read({ afterSeq: 1, waitMs: LONG_MS })).toMatchObject({ exited: true })
      // Told once, an exit does not keep readers from waiting for the rest.
      const waiting = exited.read({ afterSeq: 1, waitMs: LONG_MS })
      exited.close(2)
      expect(await waiting).toMatchObject({ closed: true })
    })

    it('ends with nothing when its time is over', async () => {
      expect(await bufferOf('a').read({ afterSeq: 1, waitMs: 5 })).toMatchObject({ chunks: [], lastSeq: 1 })
    })

    it('ends with the reason of the caller, before and during', async () => {
      const buffer = bufferOf()
      const caller = new AbortController()
      const waiting = buffer.read({ afterSeq: 0, waitMs: LONG_MS }, { signal: caller.signal })
      caller.abort(LOST)
      await expect(waiting).rejects.toBe(LOST)
      await expect(buffer.read({ afterSeq: 0, waitMs: LONG_MS }, { signal: caller.signal })).rejects.toBe(
        LOST,
      )
    })
  })

  describe('a process that is lost', () => {
    it('gives what is kept first, then the reason', async () => {
      const buffer = bufferOf('a')
      const waiting = buffer.read({ afterSeq: 1, waitMs: LONG_MS })
      buffer.fail(LOST)
      buffer.fail(new BridgeError('internal', 'a second reason'))
      await expect(waiting).rejects.toBe(LOST)
      expect(await textAfter(buffer)).toBe('a')
      await expect(buffer.read({ afterSeq: 1, waitMs: LONG_MS })).rejects.toBe(LOST)
    })

    it('is not lost when it was closed before', async () => {
      const buffer = bufferOf('a')
      buffer.close(2)
      buffer.fail(LOST)
      expect(await buffer.read({ afterSeq: 2, waitMs: 0 })).toMatchObject({ closed: true })
    })
  })

  describe('beyond its bound', () => {
    it('drops the oldest and counts what nobody has read', async () => {
      const buffer = fill(
        new OutputBuffer({ maxBytes: 1000 }),
        'a'.repeat(400),
        'b'.repeat(400),
        'c'.repeat(400),
      )
      const read = await buffer.read(NOW)
      expect(read.chunks.map(({ seq }) => seq)).toEqual([2, 3])
      expect(read.droppedBytes).toBe(400)
      push(buffer, 4, 'd'.repeat(900))
      expect(await buffer.read(NOW)).toMatchObject({ droppedBytes: 400, lastSeq: 4 })
    })

    it('counts as read what a cursor has passed over', async () => {
      const buffer = fill(new OutputBuffer({ maxBytes: 1000 }), 'a'.repeat(400), 'b'.repeat(400))
      await buffer.read({ afterSeq: 1, waitMs: 0 })
      fill(buffer, 'c'.repeat(900))
      expect((await buffer.read(NOW)).droppedBytes).toBe(0)
    })

    it('keeps one chunk however large', async () => {
      const buffer = fill(new OutputBuffer({ maxBytes: 10 }), 'x'.repeat(100))
      expect(await textAfter(buffer)).toHaveLength(100)
    })

    it('counts what chunks cost beside their bytes', () => {
      const buffer = new OutputBuffer({ maxBytes: 64 * 1024 })
      for (let seq = 1; seq <= 100_000; seq++) push(buffer, seq, 'x')
      expect(buffer.size).toBeLessThanOrEqual(1024)
    })

    it('adds what never came', async () => {
      const buffer = bufferOf('a')
      buffer.lose(5)
      expect((await buffer.read(NOW)).droppedBytes).toBe(5)
    })

    it('says when much is unread, and when it no longer is, once each', async () => {
      const told: boolean[] = []
      const options: OutputBufferOptions = { maxBytes: 1000, onPressure: (isHigh) => told.push(isHigh) }
      const buffer = fill(new OutputBuffer(options), 'a'.repeat(400), 'b'.repeat(200), 'c')
      expect(told).toEqual([true])
      await buffer.read(NOW)
      await buffer.read(NOW)
      fill(buffer, 'd')
      expect(told).toEqual([true, false])
    })
  })

  it('drops what a reader has passed, when told that nobody comes back', async () => {
    const buffer = fill(new OutputBuffer({ maxBytes: 1000, dropsRead: true }), 'a', 'b')
    expect(await textAfter(buffer)).toBe('ab')
    expect(buffer.size).toBe(2)
    expect(await textAfter(buffer, 1)).toBe('b')
    expect(buffer.size).toBe(1)
    fill(buffer, 'c')
    expect(await buffer.read({ afterSeq: 2, waitMs: 0 })).toMatchObject({ droppedBytes: 0, lastSeq: 3 })
    expect(buffer.size).toBe(1)
  })

  it('loses no byte without counting it, whatever the order of pushes and reads', async () => {
    const step = fc.oneof(
      fc.integer({ min: 0, max: 300 }).map((size) => ({ push: size })),
      fc.constant({ read: true }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 80 }), fc.boolean(), async (steps, dropsRead) => {
        const buffer = new OutputBuffer({ maxBytes: 1000, dropsRead })
        let pushed = 0
        let got = 0
        let cursor = 0
        const read = async () => {
          const { chunks, lastSeq, droppedBytes } = await buffer.read({ afterSeq: cursor, waitMs: 0 })
          got += chunks.reduce((sum, { bytes }) => sum + bytes.byteLength, 0)
          cursor = lastSeq
          expect(got + droppedBytes).toBe(pushed)
        }
        for (const each of steps) {
          if ('read' in each) await read()
          else {
            push(buffer, buffer.lastSeq + 1, 'x'.repeat(each.push))
            pushed += each.push
          }
        }
        await read()
      }),
    )
  })
})

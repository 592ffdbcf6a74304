import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ProcessEvent } from '../../src/bridge/notices.ts'
import { OrderedOutput } from '../../src/bridge/output.ts'
import type { ProcessReadResult } from '../../src/protocol/methods.ts'

function output(seq: number, text = `<${seq}>`): ProcessEvent {
  return { kind: 'output', seq, stream: 'stdout', bytes: Buffer.from(text) }
}

function answer(over: Partial<ProcessReadResult> & { seqs?: number[] }): ProcessReadResult {
  const { seqs = [], ...rest } = over
  const chunks = seqs.map((seq) => ({
    seq,
    stream: 'stdout' as const,
    chunk: Buffer.from(`<${seq}>`).toString('base64'),
  }))
  const nextSeq = (seqs.at(-1) ?? 0) + 1
  const state = { exited: false, exitCode: null, closed: false, failure: null, sandboxDenied: false }
  return { chunks, nextSeq, ...state, ...rest }
}

async function readAll(ordered: OrderedOutput) {
  const { chunks, ...rest } = await ordered.buffer.read({ afterSeq: 0, waitMs: 0 })
  return { text: chunks.map(({ bytes }) => Buffer.from(bytes).toString()).join(''), ...rest }
}

describe('OrderedOutput', () => {
  it('passes on in order whatever the order of arrival, repeats included', async () => {
    const events: ProcessEvent[] = [
      output(1),
      output(2),
      { kind: 'exited', seq: 3, exitCode: 4 },
      output(4),
      { kind: 'closed', seq: 5 },
    ]
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray([...events, ...events], { minLength: 10, maxLength: 10 }),
        async (arrivals) => {
          const ordered = new OrderedOutput()
          for (const event of arrivals) ordered.take(event)
          expect(ordered.hasHole).toBe(false)
          expect(await readAll(ordered)).toEqual({
            text: '<1><2><4>',
            lastSeq: 5,
            droppedBytes: 0,
            exited: true,
            exitCode: 4,
            closed: true,
          })
        },
      ),
    )
  })

  it('holds what comes after a missing event', async () => {
    const ordered = new OrderedOutput()
    ordered.take(output(1))
    ordered.take(output(3))
    expect(ordered.hasHole).toBe(true)
    expect(await readAll(ordered)).toMatchObject({ text: '<1>', lastSeq: 1 })
    ordered.take(output(2))
    expect(ordered.hasHole).toBe(false)
    expect(await readAll(ordered)).toMatchObject({ text: '<1><2><3>', lastSeq: 3 })
  })

  it('fills a hole from an answer, and ignores the notification that comes after it', async () => {
    const ordered = new OrderedOutput()
    ordered.take(output(3))
    ordered.merge(answer({ seqs: [1, 2, 3] }))
    ordered.take(output(2))
    expect(await readAll(ordered)).toMatchObject({ text: '<1><2><3>', lastSeq: 3, droppedBytes: 0 })
  })

  it('learns from an answer that the missing event was the exit', async () => {
    const ordered = new OrderedOutput()
    ordered.take(output(1))
    ordered.take(output(3))
    ordered.merge(answer({ seqs: [3], exited: true, exitCode: 7 }))
    expect(await readAll(ordered)).toMatchObject({
      text: '<1><3>',
      lastSeq: 3,
      exitCode: 7,
      closed: false,
      droppedBytes: 0,
    })
  })

  it('takes an exit that comes late, after its place was passed over', async () => {
    const ordered = new OrderedOutput()
    ordered.take(output(2))
    ordered.skipHole()
    ordered.take({ kind: 'exited', seq: 1, exitCode: 9 })
    expect(await readAll(ordered)).toMatchObject({ text: '<2>', exited: true, exitCode: 9 })
  })

  it('says about how much an executor no longer had', async () => {
    const ordered = new OrderedOutput()
    ordered.take(output(1))
    ordered.merge(answer({ seqs: [101, 102] }))
    expect(await readAll(ordered)).toMatchObject({ text: '<1><101><102>', droppedBytes: 99 * 3 })
  })

  it('closes by an answer, also one of an old executor that counts chunks only', async () => {
    const ordered = new OrderedOutput()
    ordered.take(output(1))
    ordered.merge(answer({ seqs: [], nextSeq: 2, exited: true, exitCode: 0, closed: true }))
    expect(await readAll(ordered)).toMatchObject({ text: '<1>', exitCode: 0, closed: true, droppedBytes: 0 })
  })

  it('takes -1 for an exit without a code', async () => {
    const ordered = new OrderedOutput()
    ordered.merge(answer({ exited: true }))
    expect(await readAll(ordered)).toMatchObject({ exited: true, exitCode: -1 })
  })

  it('does not hold without end, nor count through a huge hole', async () => {
    const ordered = new OrderedOutput()
    ordered.take(output(Number.MAX_SAFE_INTEGER))
    for (let seq = 10; seq < 10 + 4096; seq++) ordered.take(output(seq, ''))
    expect(ordered.hasHole).toBe(false)
    expect((await readAll(ordered)).droppedBytes).toBeGreaterThan(0)
  })
})

import { describe, expect, it } from 'vitest'
import { showExecutors } from '../../src/cli/show-executors.ts'
import type { ExecutorStatus } from '../../src/gateway/status.ts'
import { ManualClock } from '../support/manual-clock.ts'

const box: ExecutorStatus = {
  ...{ workspace: 'main', name: 'box', exeId: 'exe_1', isConnected: true, era: 'relay', address: '10.0.0.7' },
  ...{ lastSeenAt: '2026-01-02T03:04:05.678Z', bridges: 0, sessions: 0, bytesIn: 1, bytesOut: 1 },
}
const gpu: ExecutorStatus = { ...box, name: 'gpu', exeId: 'exe_2', address: '10.0.0.8' }
const gone = (executor: ExecutorStatus): ExecutorStatus => ({
  ...executor,
  isConnected: false,
  address: undefined,
})

/** What is shown, step by step, of executors that the test changes. */
function shown(terminal?: { columns: number; rows: number }) {
  let executors: readonly ExecutorStatus[] = []
  const written: string[] = []
  const clock = new ManualClock()
  const output = {
    isTTY: terminal !== undefined,
    ...terminal,
    write: (text: string) => written.push(text) > 0,
  }
  const now = () => new Date(2026, 0, 2, 15, 4, 5)
  const show = showExecutors({ read: () => executors, output, clock, now })
  return {
    clock,
    /** Gives what is written when these are there. */
    async after(...next: ExecutorStatus[]) {
      written.length = 0
      executors = next
      await clock.advance(250)
      return written.join('')
    },
    first: () => written.join(''),
    [Symbol.dispose]: () => show[Symbol.dispose](),
  }
}

describe('showExecutors', () => {
  it('writes a line for each that comes and each that goes, and nothing between', async () => {
    using show = shown()
    expect(show.first()).toBe('')
    expect(await show.after(box)).toBe('15:04:05  "box" is connected, from 10.0.0.7\n')
    expect(await show.after(box, gpu)).toBe('15:04:05  "gpu" is connected, from 10.0.0.8\n')
    expect(await show.after({ ...box, bytesIn: 7, bridges: 1 }, gpu)).toBe('')
    expect(await show.after(gone(box), gone(gpu))).toBe('15:04:05  "box" is gone\n15:04:05  "gpu" is gone\n')
    expect(await show.after(box, gone(gpu))).toBe('15:04:05  "box" is connected, from 10.0.0.7\n')
  })

  it('writes its lines on a terminal anew in their place, when they change', async () => {
    using show = shown({ columns: 80, rows: 24 })
    expect(show.first()).toContain('none yet')
    const two = await show.after(gone(box), gpu)
    expect(two).toMatch(/^\x1b\[1A\x1b\[0J/)
    expect(two.split('\n')).toHaveLength(3)
    expect(await show.after(gone(box), gpu)).toBe('')
    expect(await show.after(box, gpu)).toMatch(/^\x1b\[2A\x1b\[0J/)
  })

  it('writes no more lines than the terminal has', async () => {
    using show = shown({ columns: 80, rows: 6 })
    const many = Array.from({ length: 50 }, (_, index) => ({
      ...box,
      name: `box-${index}`,
      exeId: `exe_${index}`,
    }))
    const text = await show.after(...many)
    expect(text.trimEnd().split('\n')).toHaveLength(4)
    expect(text).toContain('… and 47 more')
  })

  it('stops looking when it is disposed', async () => {
    const show = shown()
    show[Symbol.dispose]()
    expect(await show.after(box)).toBe('')
    expect(show.clock.pending).toBe(0)
  })
})

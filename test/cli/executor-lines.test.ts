import { describe, expect, it } from 'vitest'
import { changesBetween, executorLines } from '../../src/cli/executor-lines.ts'
import type { ExecutorStatus } from '../../src/gateway/status.ts'

const box: ExecutorStatus = {
  ...{ workspace: 'main', name: 'box', exeId: 'exe_1', isConnected: true, era: 'relay', address: '10.0.0.7' },
  ...{ lastSeenAt: '2026-01-02T03:04:05.678Z', bridges: 0, sessions: 0, bytesIn: 1, bytesOut: 1 },
}
const alpha: ExecutorStatus = {
  ...box,
  name: 'alpha-1',
  exeId: 'exe_2',
  isConnected: false,
  address: undefined,
}

const lines = (executors: ExecutorStatus[], size = { columns: 100, rows: 20 }) =>
  executorLines(executors, (_style, text) => text, size)

describe('executorLines', () => {
  it('has those that are connected first, with what uses them', () => {
    const used = { ...box, name: 'used', exeId: 'exe_3', bridges: 1, sessions: 2 }
    expect(lines([alpha, used, box])).toEqual([
      '  ● box      connected from 10.0.0.7, no agent',
      '  ● used     connected from 10.0.0.7, 1 agent, 2 sessions',
      expect.stringMatching(/^ {2}○ alpha-1 {2}not connected, last seen 2026-01-0[123] \d\d:04:05$/),
    ])
  })

  it('names a machine that is refused', () => {
    expect(lines([{ ...box, rival: '10.0.0.9' }])).toEqual([
      '  ● box  connected from 10.0.0.7, no agent; 10.0.0.9 wants the name too, and is refused',
    ])
  })

  it('names the workspace where there are several', () => {
    const other = { ...box, workspace: 'w', exeId: 'exe_4' }
    expect(lines([box, other]).map((line) => line.slice(4, 12).trim())).toEqual(['main/box', 'w/box'])
  })

  it('is cut to the columns', () => {
    for (const line of lines([box, alpha], { columns: 30, rows: 9 }))
      expect(line.length).toBeLessThanOrEqual(30)
  })

  it('says that there is none', () => {
    expect(lines([])).toEqual(['  none yet'])
  })
})

describe('changesBetween', () => {
  it('tells once of a machine that is refused', () => {
    const wanted = { ...box, rival: '10.0.0.9' }
    const told = '"box" is wanted by another machine too, at 10.0.0.9, which is refused'
    expect(changesBetween([box], [wanted])).toEqual([told])
    expect(changesBetween([wanted], [wanted])).toEqual([])
  })

  it('says nothing of one that was never there', () => {
    expect(changesBetween([], [{ ...alpha, lastSeenAt: undefined }])).toEqual([])
  })
})

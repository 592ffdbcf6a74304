import { describe, expect, it } from 'vitest'
import { CopyProgress } from '../../../src/tools/copy/progress.ts'

describe('CopyProgress', () => {
  it('tells at most twice a second how far it is, with the total once it is known', () => {
    let now = 0
    const told: unknown[] = []
    const progress = new CopyProgress(
      (...args) => told.push(args),
      () => now,
    )
    now = 100
    progress.moved(10_000_000)
    progress.expect(1_000_000_000)
    for (now = 200; now <= 1100; now += 100) progress.moved(10_000_000)
    expect(told).toEqual([
      [10_000_000, undefined, '10.0 MB, 100.0 MB/s'],
      [60_000_000, 1_000_000_000, '60.0 of 1000.0 MB, 100.0 MB/s, about 10 s left'],
      [110_000_000, 1_000_000_000, '110.0 of 1000.0 MB, 100.0 MB/s, about 9 s left'],
    ])
  })

  it('never tells of more bytes than there are in all', () => {
    const told: unknown[] = []
    const progress = new CopyProgress((...args) => told.push(args))
    progress.expect(5)
    progress.moved(10)
    expect(told).toEqual([[10, 10, expect.stringContaining('0 s left')]])
  })
})

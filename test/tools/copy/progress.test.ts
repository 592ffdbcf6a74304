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
    progress.moved(10)
    progress.expect(1000)
    for (now = 100; now <= 1000; now += 100) progress.moved(10)
    expect(told).toEqual([
      [10, undefined, 'bytes'],
      [60, 1000, 'bytes'],
      [110, 1000, 'bytes'],
    ])
  })

  it('never tells of more bytes than there are in all', () => {
    const told: unknown[] = []
    const progress = new CopyProgress((...args) => told.push(args))
    progress.expect(5)
    progress.moved(10)
    expect(told).toEqual([[10, 10, 'bytes']])
  })
})

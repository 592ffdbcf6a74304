import { describe, expect, it } from 'vitest'
import { FailedTries } from '../../src/gateway/failed-tries.ts'
import { ManualClock } from '../support/manual-clock.ts'

describe('FailedTries', () => {
  it('counts by key, anew in each window', async () => {
    const clock = new ManualClock()
    const tries = new FailedTries(clock, 1000, 10)
    expect(['a', 'a', 'b'].map((key) => tries.count(key))).toEqual([1, 2, 1])
    await clock.advance(999)
    expect(tries.count('a')).toBe(3)
    await clock.advance(1)
    expect(tries.count('a')).toBe(1)
  })

  it('forgets the oldest key rather than remember more than it may', () => {
    const tries = new FailedTries(new ManualClock(), 1000, 2)
    for (const key of ['a', 'b', 'c']) tries.count(key)
    expect([tries.count('b'), tries.count('c'), tries.count('a')]).toEqual([2, 2, 1])
  })
})

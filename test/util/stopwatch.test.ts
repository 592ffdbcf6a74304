import { describe, expect, it } from 'vitest'
import { stopwatch } from '../../src/util/stopwatch.ts'
import { ManualClock } from '../support/manual-clock.ts'

describe('stopwatch', () => {
  it('measures by the clock, whatever the wall clock is set to', async () => {
    const clock = new ManualClock()
    let wallMs = 86_400_000
    const sinceMs = stopwatch(clock, () => wallMs)
    await clock.advance(1000)
    wallMs = 0
    expect(sinceMs()).toBe(1000)
  })

  it('counts the time in which the clock stood still', () => {
    let wallMs = 5000
    const sinceMs = stopwatch(new ManualClock(), () => wallMs)
    wallMs += 40_000
    expect(sinceMs()).toBe(40_000)
  })
})

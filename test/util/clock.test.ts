import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/util/clock.ts'

const DAY_MS = 86_400_000

/** Resolves after a while, as the clock has it. */
const passed = (ms: number) => new Promise<void>((resolve) => void systemClock.after(ms, resolve))

describe('systemClock', () => {
  it('waits for weeks where it is told so', async () => {
    // A timer of the system takes 24 days, and fires at once for more: `--retain 30d` ended everything at the first cut.
    let isCalled = false
    using _ = systemClock.after(30 * DAY_MS, () => {
      isCalled = true
    })
    await passed(20)
    expect(isCalled).toBe(false)
  })

  it('does not call what was disposed', async () => {
    let isCalled = false
    systemClock
      .after(1, () => {
        isCalled = true
      })
      [Symbol.dispose]()
    await passed(20)
    expect(isCalled).toBe(false)
  })
})

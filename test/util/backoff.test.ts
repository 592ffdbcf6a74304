import { describe, expect, it } from 'vitest'
import { Backoff } from '../../src/util/backoff.ts'

const OPTIONS = { firstMs: 200, mostMs: 5000, healthyMs: 10_000, briefMs: 100 }

/** Waits of so many tries. */
function waits(backoff: Backoff, tries: number): number[] {
  return Array.from({ length: tries }, () => backoff.next())
}

describe('Backoff', () => {
  it('tries at once, then after a time that doubles up to a most', () => {
    const backoff = new Backoff({ ...OPTIONS, random: () => 1 })
    expect(waits(backoff, 8)).toEqual([0, 200, 400, 800, 1600, 3200, 5000, 5000])
  })

  it('waits a random part of that time', () => {
    const parts = [0.5, 0, 0.25]
    const backoff = new Backoff({ ...OPTIONS, random: () => parts.shift() ?? 0 })
    expect(waits(backoff, 4)).toEqual([0, 100, 0, 200])
  })

  it('begins anew after health, and goes on where it was without', () => {
    const backoff = new Backoff({ ...OPTIONS, random: () => 1 })
    waits(backoff, 4)
    backoff.lostAfter(9_999)
    expect(waits(backoff, 2)).toEqual([0, 1600])
    backoff.lostAfter(10_000)
    expect(waits(backoff, 2)).toEqual([0, 200])
  })

  it('counts the tries of a busy other end from each loss', () => {
    const backoff = new Backoff({ ...OPTIONS, random: () => 1 })
    waits(backoff, 4)
    const busy = () => [backoff.nextWhileBusy(), backoff.nextWhileBusy(), backoff.nextWhileBusy()]
    expect(busy()).toEqual([200, 400, 800])
    backoff.lostAfter(100)
    expect(busy()).toEqual([200, 400, 800])
    expect(waits(backoff, 2)).toEqual([0, 1600])
  })

  it('does not try at once what was lost as soon as it was there', () => {
    const backoff = new Backoff({ ...OPTIONS, random: () => 1 })
    waits(backoff, 1)
    backoff.lostAfter(99)
    expect(waits(backoff, 3)).toEqual([200, 200, 400])
    backoff.lostAfter(99)
    expect(waits(backoff, 2)).toEqual([200, 800])
  })
})

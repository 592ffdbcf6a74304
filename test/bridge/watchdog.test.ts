import { describe, expect, it } from 'vitest'
import { Watchdog } from '../../src/bridge/watchdog.ts'
import { ManualClock } from '../support/manual-clock.ts'

/** A watched connection whose other end answers pings, or does not. */
class Watched {
  readonly clock = new ManualClock()
  readonly pings: number[] = []
  readonly deaths: string[] = []
  readonly pulse = { receivedBytes: 0, ping: () => this.#ping() }
  isNeeded = true
  isAlive = true
  /** How far the clock on the wall is ahead of the other. */
  aheadMs = 0
  readonly watchdog = new Watchdog({
    pulse: this.pulse,
    clock: this.clock,
    wallNow: () => this.clock.now() + this.aheadMs,
    isNeeded: () => this.isNeeded,
    dead: (reason) => this.deaths.push(`${this.clock.now()}: ${reason.message}`),
  })

  #ping(): void {
    this.pings.push(this.clock.now())
    if (this.isAlive) this.pulse.receivedBytes += 2
  }
}

describe('Watchdog', () => {
  it('asks after 10 s of silence, and is sure after 10 more', async () => {
    const watched = new Watched()
    watched.isAlive = false
    watched.watchdog.watch()
    await watched.clock.advance(60_000)
    expect(watched.pings).toEqual([10_000])
    expect(watched.deaths).toEqual(['20000: nothing came for 20 s, not even an answer to a ping'])
    expect(watched.clock.pending).toBe(0)
  })

  it('is content with any byte', async () => {
    const watched = new Watched()
    watched.watchdog.watch()
    for (let s = 0; s < 60; s += 5) {
      watched.pulse.receivedBytes++
      await watched.clock.advance(5000)
    }
    expect(watched.pings).toEqual([])
  })

  it('asks again and again while the other end lives and is silent', async () => {
    const watched = new Watched()
    watched.watchdog.watch()
    await watched.clock.advance(60_000)
    expect(watched.pings.length).toBeGreaterThan(3)
    expect(watched.deaths).toEqual([])
  })

  it('asks once for all who wait', async () => {
    const watched = new Watched()
    watched.isAlive = false
    for (let waiter = 0; waiter < 100; waiter++) watched.watchdog.watch()
    await watched.clock.advance(15_000)
    expect(watched.pings).toHaveLength(1)
    watched.watchdog[Symbol.dispose]()
  })

  it('rests while nobody waits, and then asks at once', async () => {
    const watched = new Watched()
    watched.watchdog.watch()
    watched.isNeeded = false
    await watched.clock.advance(60_000)
    expect(watched.clock.pending).toBe(0)
    expect(watched.pings).toEqual([])
    watched.isNeeded = true
    watched.isAlive = false
    watched.watchdog.watch()
    expect(watched.pings).toEqual([60_000])
    await watched.clock.advance(10_000)
    expect(watched.deaths).toHaveLength(1)
  })

  it.each([30_000, 24 * 3_600_000])('asks at once after %i ms of sleep, and knows in 3 s', async (ms) => {
    const watched = new Watched()
    watched.watchdog.watch()
    await watched.clock.advance(2000)
    watched.aheadMs = ms
    watched.isAlive = false
    await watched.clock.advance(1000)
    expect(watched.pings).toEqual([3000])
    await watched.clock.advance(3000)
    expect(watched.deaths).toHaveLength(1)
  })

  it.each([24 * 3_600_000, -24 * 3_600_000])(
    'keeps a living connection when the clock jumps by %i ms',
    async (ms) => {
      const watched = new Watched()
      watched.watchdog.watch()
      watched.aheadMs = ms
      await watched.clock.advance(9000)
      expect(watched.deaths).toEqual([])
      watched.watchdog[Symbol.dispose]()
      expect(watched.clock.pending).toBe(0)
    },
  )
})

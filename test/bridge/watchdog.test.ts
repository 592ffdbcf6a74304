import { describe, expect, it } from 'vitest'
import { BRIDGE_LIMITS, DEADLINE_MS } from '../../src/bridge/limits.ts'
import { Watchdog } from '../../src/bridge/watchdog.ts'
import { ManualClock } from '../support/manual-clock.ts'

/** A watched connection whose other end answers pings, or does not. */
class Watched {
  readonly clock = new ManualClock()
  readonly pings: number[] = []
  readonly deaths: string[] = []
  readonly pulse = {
    ...{ receivedBytes: 0, sentBytes: 0, arrivedBytes: 0, queuedBytes: 0, isAnswered: true },
    ping: () => this.#ping(),
  }
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
    this.pulse.isAnswered = this.isAlive
    if (this.isAlive) this.pulse.receivedBytes += 2
  }

  /** Does something every second, as the other end or the network. */
  async everySecond(seconds: number, happens: (second: number) => void): Promise<void> {
    for (let second = 1; second <= seconds; second++) {
      happens(second)
      await this.clock.advance(1000)
    }
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

  it('is not content with what comes when what it asks is not answered: it is not heard', async () => {
    const watched = new Watched()
    watched.isAlive = false
    watched.watchdog.watch()
    await watched.everySecond(60, () => watched.pulse.receivedBytes++)
    expect(watched.pings).toEqual([10_000])
    expect(watched.deaths).toEqual(['20000: a ping was not answered for 10 s: what is sent does not arrive'])
  })

  it('waits for an answer behind much that comes', async () => {
    const watched = new Watched()
    watched.isAlive = false
    watched.watchdog.watch()
    await watched.everySecond(120, () => {
      watched.pulse.receivedBytes += 5000
    })
    expect(watched.deaths).toEqual([])
    await watched.clock.advance(10_000)
    expect(watched.deaths).toHaveLength(1)
  })

  it('waits for an answer while what it sent leaves, however slowly', async () => {
    const watched = new Watched()
    watched.isAlive = false
    watched.watchdog.watch()
    await watched.everySecond(120, (second) => {
      watched.pulse.queuedBytes = 1_000_000 - second
    })
    expect(watched.deaths).toEqual([])
    // What waits and does not leave says nothing.
    await watched.clock.advance(10_000)
    expect(watched.deaths).toHaveLength(1)
  })

  it('takes any byte for a sign of life while much that it sent may be held up on the way', async () => {
    const watched = new Watched()
    watched.isAlive = false
    watched.watchdog.watch()
    watched.pulse.sentBytes = 8_000_000
    await watched.everySecond(120, (second) => {
      if (second % 9 === 0) watched.pulse.receivedBytes += 2
    })
    expect(watched.deaths).toEqual([])
    await watched.clock.advance(10_000)
    expect(watched.deaths).toHaveLength(1)
  })

  it('gives an answer all its time after a short rest', async () => {
    const watched = new Watched()
    watched.watchdog.watch()
    watched.isNeeded = false
    await watched.clock.advance(9000)
    watched.isNeeded = true
    watched.isAlive = false
    watched.watchdog.watch()
    await watched.clock.advance(10_000)
    expect(watched.deaths).toEqual([])
    await watched.clock.advance(10_000)
    expect(watched.deaths).toHaveLength(1)
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

describe('DEADLINE_MS', () => {
  const { silenceMs, verdictMs, redialTimeoutMs, dialTimeoutMs } = BRIDGE_LIMITS
  const ofSessions = Object.entries(DEADLINE_MS).filter(([, ms]) => ms !== 0 && ms !== dialTimeoutMs)

  // A terminate was given up after 15 s, 5 s before its connection was found dead, and never sent again.
  it.each(ofSessions)('lets %s wait until a dead connection is found and another one is there', (_, ms) => {
    expect(ms).toBeGreaterThan(silenceMs + verdictMs + redialTimeoutMs)
  })
})

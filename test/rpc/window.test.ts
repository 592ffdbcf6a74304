import { describe, expect, it } from 'vitest'
import { Window } from '../../src/rpc/window.ts'
import { ManualClock } from '../support/manual-clock.ts'

const LIMITS = { minWindowBytes: 1000, maxWindowBytes: 64_000, queueMs: 1 }

/** A connection that delivers so many bytes a ms, after so many ms, and somebody who sends all he may. */
class Line {
  readonly #clock = new ManualClock()
  readonly window = new Window(this.#clock, LIMITS)
  readonly #marks: { id: number; at: number }[] = []
  #freeAt = 0

  async run(rounds: number, bytesPerMs: number, delayMs: number): Promise<void> {
    for (let n = 0; n < rounds; n++) {
      while (!this.window.isFull) this.#send(100, bytesPerMs, delayMs)
      const next = this.#marks.shift()
      if (!next) throw new Error('The window is full, and nothing is marked')
      await this.#clock.advance(Math.max(next.at - this.#clock.now(), 0))
      this.window.read(next.id, true)
    }
  }

  #send(bytes: number, bytesPerMs: number, delayMs: number): void {
    this.#freeAt = Math.max(this.#freeAt, this.#clock.now()) + bytes / bytesPerMs
    const id = this.window.sent(bytes)
    if (id !== undefined) this.#marks.push({ id, at: this.#freeAt + delayMs })
  }
}

describe('Window', () => {
  it('is full at what the least one allows, until the other end has read', () => {
    const window = new Window(new ManualClock(), LIMITS)
    const marks = [250, 250, 250, 250].map((bytes) => window.sent(bytes))
    expect([marks, window.isFull]).toEqual([[1, 2, 3, 4], true])
    window.read(2, false)
    expect(window.isFull).toBe(false)
    window.sent(499)
    expect(window.isFull).toBe(false)
    window.sent(1)
    expect(window.isFull).toBe(true)
  })

  it('passes over echoes that it knows nothing of, and takes one for those before it', () => {
    const window = new Window(new ManualClock(), LIMITS)
    for (const bytes of [250, 250, 250, 250]) window.sent(bytes)
    for (const id of [99, Number.NaN, -1]) window.read(id, false)
    expect(window.isFull).toBe(true)
    window.read(4, false)
    window.read(1, false)
    window.sent(999)
    expect(window.isFull).toBe(false)
  })

  it.each([
    ['a distant line', 100, 100, 10_000],
    ['a near one', 1000, 2, 2000],
  ])('grows until it keeps %s busy, and not much beyond', async (_, bytesPerMs, delayMs, busyBytes) => {
    const line = new Line()
    await line.run(300, bytesPerMs, delayMs)
    expect(line.window.bytes).toBeGreaterThan(busyBytes)
    expect(line.window.bytes).toBeLessThan(busyBytes * 1.7 + 1000)
  })

  it('shrinks when the line takes less', async () => {
    const line = new Line()
    await line.run(300, 1000, 10)
    await line.run(300, 50, 10)
    expect(line.window.bytes).toBe(1000)
  })

  it('is never full without a mark under way, however it shrinks', async () => {
    const clock = new ManualClock()
    const window = new Window(clock, LIMITS)
    for (let n = 0; n < 40; n++) {
      const id = window.sent(window.bytes)
      await clock.advance(1)
      window.read(id!, true)
    }
    const quarter = window.bytes / 4
    expect(quarter).toBeGreaterThan(LIMITS.minWindowBytes)
    const marked = window.sent(quarter)
    expect(window.sent(quarter - 1)).toBeUndefined()
    await clock.advance(10_000)
    const next = window.read(marked!, true)
    expect(window.isFull).toBe(true)
    window.read(next!, true)
    expect(window.isFull).toBe(false)
  })

  it('does not shrink because there was little to send', async () => {
    const line = new Line()
    await line.run(300, 100, 100)
    const { bytes } = line.window
    line.window.read(line.window.sent(bytes) ?? 0, false)
    expect(line.window.bytes).toBe(bytes)
  })
})

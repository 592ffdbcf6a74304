import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { SharedReading } from '../../../src/tools/copy/shared-reading.ts'

/** A source that counts how often it was made, and what it has given. */
class Source {
  made = 0
  given = 0
  ended = 0
  readonly length: number

  constructor(length: number) {
    this.length = length
  }

  readonly make = () => {
    this.made++
    return this.#read()
  }

  async *#read(): AsyncGenerator<Uint8Array> {
    try {
      while (this.given < this.length) yield Uint8Array.of(this.given++)
    } finally {
      this.ended++
    }
  }
}

async function all(pieces: AsyncIterable<Uint8Array>): Promise<(number | undefined)[]> {
  const bytes: (number | undefined)[] = []
  for await (const [byte] of pieces) bytes.push(byte)
  return bytes
}

describe('SharedReading', () => {
  it('reads once for all', async () => {
    const source = new Source(50)
    const shared = new SharedReading(3)
    const readings = [1, 2, 3].map(() => all(shared.seat().read('x', source.make)))
    const expected = Array.from({ length: 50 }, (_, n) => n)
    expect(await Promise.all(readings)).toEqual([expected, expected, expected])
    expect(source).toMatchObject({ made: 1, given: 50, ended: 1 })
  })

  it('begins when the last has joined or left', async () => {
    const source = new Source(3)
    const shared = new SharedReading(2)
    const [one, two] = [shared.seat(), shared.seat()]
    const reading = all(one.read('x', source.make))
    await setImmediate()
    expect(source.given).toBe(0)
    two.leave()
    two.leave()
    expect(await reading).toEqual([0, 1, 2])
  })

  it('reads apart for those who need other bytes', async () => {
    const [a, b] = [new Source(2), new Source(3)]
    const shared = new SharedReading(2)
    const readings = [shared.seat().read('a', a.make), shared.seat().read('b', b.make)].map(all)
    expect(await Promise.all(readings)).toEqual([
      [0, 1],
      [0, 1, 2],
    ])
  })

  it('is no further ahead of the slowest than a few pieces, and goes on when that one leaves', async () => {
    const source = new Source(100)
    const shared = new SharedReading(2)
    const slow = shared.seat().read('x', source.make)
    const fast = all(shared.seat().read('x', source.make))
    await slow.next()
    for (let n = 0; n < 50; n++) await setImmediate()
    expect(source.given).toBeLessThan(12)
    await slow.return(undefined)
    expect(await fast).toHaveLength(100)
    expect(source.ended).toBe(1)
  })

  it('fails for all when the source does', async () => {
    const shared = new SharedReading(2)
    const make = async function* (): AsyncGenerator<Uint8Array> {
      yield Uint8Array.of(0)
      throw new Error('gone')
    }
    const readings = [shared.seat(), shared.seat()].map((seat) => all(seat.read('x', make)))
    for (const outcome of await Promise.allSettled(readings))
      expect(outcome).toMatchObject({ status: 'rejected', reason: { message: 'gone' } })
  })

  it('ends the source when all leave', async () => {
    const source = new Source(100)
    const reading = new SharedReading(1).seat().read('x', source.make)
    await reading.next()
    await reading.return(undefined)
    expect(source.ended).toBe(1)
  })
})

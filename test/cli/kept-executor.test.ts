import { describe, expect, it } from 'vitest'
import { KeptExecutor } from '../../src/cli/kept-executor.ts'
import { deferred } from '../../src/util/deferred.ts'
import { ManualClock, settled } from '../support/manual-clock.ts'

/** Executors that end when the test says so. */
function kept() {
  const clock = new ManualClock()
  const said: string[] = []
  const ends: ((how: number | string) => Promise<void>)[] = []
  let stopped = 0
  const start = () => {
    const { promise: ended, resolve } = deferred<number | string>()
    ends.push(async (how) => {
      resolve(how)
      await settled()
    })
    const stop = async () => {
      stopped++
      resolve(0)
      await ended
    }
    return { ended, stop }
  }
  const executor = new KeptExecutor({ start, say: (text) => said.push(text), clock, random: () => 1 })
  return { clock, said, ends, executor, stopped: () => stopped }
}

describe('KeptExecutor', () => {
  it('starts one that has ended again, and says so', async () => {
    const { clock, said, ends, executor } = kept()
    expect(ends).toHaveLength(1)
    await ends[0]!('SIGKILL')
    await clock.advance(0)
    expect(ends).toHaveLength(2)
    expect(said).toEqual(['The executor of this machine has ended (SIGKILL): it is started again now'])
    await executor[Symbol.asyncDispose]()
  })

  it('waits longer and longer while each ends at once, up to 30 s, and begins anew after one that was well', async () => {
    const { clock, said, ends, executor } = kept()
    const waits = async () => {
      await ends.at(-1)!(1)
      return /again (.*)$/.exec(said.at(-1)!)?.[1]
    }
    const seen: unknown[] = []
    for (let n = 0; n < 8; n++) {
      seen.push(await waits())
      await clock.advance(30_000)
    }
    expect(seen).toEqual(['now', 'in 1 s', 'in 2 s', 'in 4 s', 'in 8 s', 'in 16 s', 'in 30 s', 'in 30 s'])
    await clock.advance(60_000)
    expect(await waits()).toBe('now')
    await executor[Symbol.asyncDispose]()
  })

  it('starts none when it is disposed, and leaves no timer', async () => {
    const running = kept()
    await running.executor[Symbol.asyncDispose]()
    expect([running.stopped(), running.said]).toEqual([1, []])
    const waiting = kept()
    await waiting.ends[0]!(1)
    await waiting.executor[Symbol.asyncDispose]()
    await waiting.clock.advance(60_000)
    expect([waiting.ends.length, waiting.clock.pending]).toEqual([1, 0])
  })
})

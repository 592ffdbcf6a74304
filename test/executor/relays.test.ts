import { setMaxListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { EXECUTOR_LIMITS } from '../../src/executor/limits.ts'
import { Relays } from '../../src/executor/relays.ts'
import { deferred } from '../../src/util/deferred.ts'

const never = new AbortController().signal
setMaxListeners(0, never)

describe('Relays', () => {
  it('answers the same request as the first, while it runs and after', async () => {
    const relays = new Relays<number>()
    const gate = deferred<number>()
    let count = 0
    const work = () => {
      count++
      return gate.promise
    }
    const both = [relays.run('a', work, never), relays.run('a', work, never)]
    gate.resolve(5)
    expect(await Promise.all(both)).toEqual([5, 5])
    expect(await relays.run('a', work, never)).toBe(5)
    expect(count).toBe(1)
  })

  it('goes on when the one who waits has gone, and ends when it is told to', async () => {
    const relays = new Relays<string>()
    const gone = new AbortController()
    let isStopped = false
    const work = (signal: AbortSignal) =>
      new Promise<string>((_, reject) => {
        signal.addEventListener('abort', () => {
          isStopped = true
          reject(signal.reason)
        })
      })
    const wait = relays.run('a', work, gone.signal)
    gone.abort(new Error('The connection is gone'))
    await expect(wait).rejects.toThrow('The connection is gone')
    expect(isStopped).toBe(false)
    await relays.end('a')
    expect(isStopped).toBe(true)
    await relays.end('a')
    await relays.end('unknown')
  })

  it('ends all when it is disposed', async () => {
    const relays = new Relays<string>()
    const work = (signal: AbortSignal) =>
      new Promise<string>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    const waits = ['a', 'b'].map((id) => relays.run(id, work, never))
    const results = Promise.allSettled(waits)
    await relays[Symbol.asyncDispose]()
    expect((await results).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  })

  it('takes only so many at a time, and remembers as many', async () => {
    const relays = new Relays<number>()
    const gate = deferred<number>()
    const ids = Array.from({ length: EXECUTOR_LIMITS.relays }, (_, n) => `r${n}`)
    const running = ids.map((id) => relays.run(id, () => gate.promise, never))
    expect(() => relays.run('more', () => gate.promise, never)).toThrow(/copies are under way/)
    gate.resolve(1)
    await Promise.all(running)
    for (const id of ids) await relays.run(`next ${id}`, async () => 2, never)
    expect(await relays.run('r0', async () => 3, never)).toBe(3)
  })
})

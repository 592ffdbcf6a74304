import { describe, expect, it } from 'vitest'
import { Semaphore } from '../../src/util/semaphore.ts'

/** Comes in under `name` when its turn has come. */
function enter(semaphore: Semaphore, name: string, inside: string[], signal?: AbortSignal): Promise<void> {
  return semaphore.acquire(signal).then(() => void inside.push(name))
}

describe('Semaphore', () => {
  it('lets so many in at once, and the others in their order as there is room', async () => {
    const semaphore = new Semaphore(2)
    const inside: string[] = []
    expect([semaphore.tryAcquire(), semaphore.tryAcquire(), semaphore.tryAcquire()]).toEqual([
      true,
      true,
      false,
    ])
    const all = ['a', 'b'].map((name) => enter(semaphore, name, inside))
    semaphore.release()
    await all[0]
    expect(inside).toEqual(['a'])
    semaphore.release()
    await all[1]
    expect(inside).toEqual(['a', 'b'])
  })

  it('has its room back when all have left', async () => {
    const semaphore = new Semaphore(1)
    await semaphore.acquire()
    semaphore.release()
    expect([semaphore.tryAcquire(), semaphore.tryAcquire()]).toEqual([true, false])
  })

  it('passes the turn of one that gives up to the next, also when it comes in that moment', async () => {
    const semaphore = new Semaphore(1)
    const inside: string[] = []
    await semaphore.acquire()
    const [early, late] = [new AbortController(), new AbortController()]
    const first = enter(semaphore, 'first', inside, early.signal)
    early.abort(new Error('enough'))
    await expect(first).rejects.toThrow('enough')
    const second = enter(semaphore, 'second', inside, late.signal)
    const third = enter(semaphore, 'third', inside)
    late.abort(new Error('too late'))
    semaphore.release()
    await expect(second).rejects.toThrow('too late')
    await third
    expect(inside).toEqual(['third'])
    expect(semaphore.tryAcquire()).toBe(false)
  })
})

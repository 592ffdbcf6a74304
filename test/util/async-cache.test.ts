import { describe, expect, it } from 'vitest'
import { AsyncCache } from '../../src/util/async-cache.ts'
import { deferred } from '../../src/util/deferred.ts'

describe('AsyncCache', () => {
  it('computes once for those who ask together', async () => {
    const cache = new AsyncCache<string, number>()
    const work = deferred<number>()
    let count = 0
    const compute = () => {
      count++
      return work.promise
    }
    const both = Promise.all([cache.get('a', compute), cache.get('a', compute)])
    work.resolve(7)
    expect(await both).toEqual([7, 7])
    expect(count).toBe(1)
  })

  it('forgets what failed, so that the next one tries again', async () => {
    const cache = new AsyncCache<string, number>()
    await expect(cache.get('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    await expect(cache.get('a', () => Promise.resolve(1))).resolves.toBe(1)
  })

  it('keeps a newer entry when an older one is deleted late', async () => {
    const cache = new AsyncCache<string, number>()
    const old = cache.get('a', () => Promise.resolve(1))
    cache.delete('a')
    await cache.get('a', () => Promise.resolve(2))
    cache.delete('a', old)
    expect(cache.size).toBe(1)
  })
})

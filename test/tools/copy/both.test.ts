import { once } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { both } from '../../../src/tools/copy/both.ts'
import { reasonOf } from '../../../src/util/signals.ts'

describe('both', () => {
  it('gives what both give', async () => {
    expect(
      await both(
        async () => 1,
        async () => 'two',
        {},
      ),
    ).toEqual([1, 'two'])
  })

  it('gives the other up when one fails, and rejects when that is over, too', async () => {
    const said: string[] = []
    await both(
      () => Promise.reject(new Error('the first')),
      async ({ signal }) => {
        await once(signal!, 'abort')
        said.push(reasonOf(signal!).message)
        await setImmediate()
        said.push('over')
        throw new Error('the second')
      },
      {},
    ).catch((error: unknown) => said.push(String(error)))
    expect(said).toEqual(['the first', 'over', 'Error: the first'])
  })

  it('ends with its caller', async () => {
    const stop = AbortSignal.abort(new Error('enough'))
    const wait = async ({ signal }: { signal?: AbortSignal | undefined }) => {
      throw reasonOf(signal!)
    }
    await expect(both(wait, wait, { signal: stop })).rejects.toThrow('enough')
  })
})

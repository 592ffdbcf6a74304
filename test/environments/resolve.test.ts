import { describe, expect, it, vi } from 'vitest'
import { createCachedSource } from '../../src/environments/cached.ts'
import { createNameResolver } from '../../src/environments/resolve.ts'
import { createStaticSource, directEnvironment, localEnvironment } from '../../src/environments/static.ts'
import { BridgeError } from '../../src/util/errors.ts'
import { silentLogger } from '../../src/util/log.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { gatewayEnvironment, ScriptedSource } from './support.ts'

const direct = (...names: string[]) =>
  createStaticSource(names.map((name) => directEnvironment({ name, url: 'ws://127.0.0.1:1' })))

function failing(message = 'the gateway is down'): ScriptedSource {
  const source = new ScriptedSource()
  source.answer = () => Promise.reject(new BridgeError('unavailable', message))
  return source
}

describe('createNameResolver', () => {
  it('finds an exact name', async () => {
    const resolver = createNameResolver([new ScriptedSource('box', 'gpu')])
    expect((await resolver.resolve('gpu')).target).toEqual({ kind: 'gateway', exeId: 'exe_gpu' })
  })

  it('does not take another case or a space for the name', async () => {
    const resolver = createNameResolver([new ScriptedSource('box')])
    for (const name of ['Box', ' box', 'box ', 'bo'])
      await expect(resolver.resolve(name)).rejects.toMatchObject({ code: 'not_found' })
  })

  it('lists the names and the nearest one when there is no such environment', async () => {
    const resolver = createNameResolver([new ScriptedSource('box', 'gpu')])
    await expect(resolver.resolve('bix')).rejects.toMatchObject({
      code: 'not_found',
      message: 'No environment "bix", nearest is "box": there are "box", "gpu"',
    })
  })

  it('lists no more than 20 names', async () => {
    const names = Array.from({ length: 25 }, (_, index) => `node-${index}`)
    const resolver = createNameResolver([new ScriptedSource(...names)])
    await expect(resolver.resolve('something else')).rejects.toThrow(/"node-19" and 5 more$/)
  })

  it('says when nothing is connected', async () => {
    const resolver = createNameResolver([new ScriptedSource()])
    await expect(resolver.resolve('box')).rejects.toMatchObject({
      code: 'not_found',
      message: 'No environment "box": none is connected to the gateway now',
    })
    await expect(resolver.resolve(undefined)).rejects.toMatchObject({
      code: 'not_found',
      message: 'No environment: none is connected to the gateway now',
    })
  })

  it('asks anew, once, before it says no', async () => {
    const source = new ScriptedSource('box')
    await expect(createNameResolver([source]).resolve('new')).rejects.toMatchObject({ code: 'not_found' })
    expect(source.refreshed).toBe(1)
  })

  it('finds what a refresh brings', async () => {
    const source = new ScriptedSource('box')
    const { answer } = source
    source.answer = () =>
      source.refreshed > 0 ? Promise.resolve({ environments: [gatewayEnvironment('new')] }) : answer()
    expect((await createNameResolver([source]).resolve('new')).name).toBe('new')
  })

  it('does not ask anew for a name it knows', async () => {
    const source = new ScriptedSource('box')
    await createNameResolver([source]).resolve('box')
    expect(source.refreshed).toBe(0)
  })

  it('says so when the list it looked in is an old one', async () => {
    const source = new ScriptedSource()
    const stale = { sinceMs: 1, reason: 'Cannot list environments: the gateway answered 500' }
    source.answer = () => Promise.resolve({ environments: [gatewayEnvironment('box')], stale })
    await expect(createNameResolver([source]).resolve('new')).rejects.toMatchObject({
      message:
        'No environment "new": there are "box", as far as is known: Cannot list environments: the gateway answered 500',
    })
  })

  // A gateway that was started anew did not list the machine of a running session: the call failed with not_found.
  describe('of what was in the list a short while ago', () => {
    const restarted = async () => {
      const clock = new ManualClock()
      const source = new ScriptedSource()
      const lists = [
        [gatewayEnvironment('box', true), gatewayEnvironment('gpu')],
        [gatewayEnvironment('gpu')],
      ]
      source.answer = () => Promise.resolve({ environments: lists[0]! })
      const resolver = createNameResolver([source], clock)
      await resolver.resolve('gpu')
      lists.shift()
      return { clock, resolver }
    }

    it('still knows the name, for 90 s', async () => {
      const { clock, resolver } = await restarted()
      await clock.advance(90_000)
      expect((await resolver.resolve('box')).target).toEqual({ kind: 'gateway', exeId: 'exe_box' })
      await clock.advance(1)
      await expect(resolver.resolve('box')).rejects.toMatchObject({ code: 'not_found' })
    })

    it('takes no other one for the default, nor for the only one', async () => {
      const { resolver } = await restarted()
      expect((await resolver.resolve(undefined)).name).toBe('box')
    })

    it('takes what is in the list as it is there', async () => {
      const source = new ScriptedSource('box')
      const resolver = createNameResolver([source])
      await resolver.resolve('box')
      source.answer = () => Promise.resolve({ environments: [gatewayEnvironment('new', true)] })
      expect((await resolver.resolve(undefined)).name).toBe('new')
    })
  })

  describe('without a name', () => {
    it('takes the default', async () => {
      const source = new ScriptedSource()
      const environments = [gatewayEnvironment('box'), gatewayEnvironment('gpu', true)]
      source.answer = () => Promise.resolve({ environments })
      expect((await createNameResolver([source]).resolve(undefined)).name).toBe('gpu')
    })

    it('takes the only one', async () => {
      expect((await createNameResolver([new ScriptedSource('box')]).resolve(undefined)).name).toBe('box')
      const local = createStaticSource([localEnvironment('local', '/srv')])
      expect((await createNameResolver([local]).resolve(undefined)).name).toBe('local')
    })

    it('lists them when there are several and no default', async () => {
      const resolver = createNameResolver([direct('a'), new ScriptedSource('b')])
      await expect(resolver.resolve(undefined)).rejects.toMatchObject({
        code: 'invalid_input',
        message: 'environment_id is missing and none is the default: there are "a", "b"',
      })
      await expect(resolver.resolve(undefined, { argument: 'source_environment_id' })).rejects.toMatchObject({
        message: 'source_environment_id is missing and none is the default: there are "a", "b"',
      })
    })

    it('does not guess while the gateway does not answer', async () => {
      const resolver = createNameResolver([direct('a'), failing()])
      await expect(resolver.resolve(undefined)).rejects.toMatchObject({ code: 'unavailable' })
    })
  })

  describe('with a gateway and flags', () => {
    it('does not ask the gateway for a name of a flag', async () => {
      const gateway = failing()
      const resolver = createNameResolver([direct('a'), gateway])
      expect((await resolver.resolve('a')).target.kind).toBe('direct')
      expect(gateway.asked).toBe(0)
    })

    it('gives the reason of the gateway for any other name', async () => {
      const resolver = createNameResolver([direct('a'), failing()])
      await expect(resolver.resolve('b')).rejects.toMatchObject({ message: 'the gateway is down' })
    })

    it('lists what there is, and that the gateway does not answer', async () => {
      const list = await createNameResolver([direct('a'), failing()]).list()
      expect(list.environments.map(({ name }) => name)).toEqual(['a'])
      expect(list.notes).toEqual(['There may be more environments. the gateway is down'])
    })

    it('lists what there is while the gateway keeps it waiting', async () => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
      const hanging = new ScriptedSource()
      hanging.answer = () => new Promise(() => {})
      const cached = createCachedSource(hanging, { logger: silentLogger })
      const list = createNameResolver([direct('a'), cached]).list()
      vi.advanceTimersByTime(200)
      expect((await list).environments.map(({ name }) => name)).toEqual(['a'])
      vi.useRealTimers()
    })

    it('fails to list when nobody has anything to tell', async () => {
      await expect(createNameResolver([direct(), failing()]).list()).rejects.toMatchObject({
        message: 'the gateway is down',
      })
    })

    it('hands a refresh on', async () => {
      const gateway = new ScriptedSource('b')
      const list = await createNameResolver([direct('a'), gateway]).list({ refresh: true })
      expect(list.environments.map(({ name }) => name)).toEqual(['a', 'b'])
      expect(gateway.refreshed).toBe(1)
    })
  })

  it('ends with the signal of the caller', async () => {
    const source = failing()
    await expect(
      createNameResolver([source]).resolve('box', { signal: AbortSignal.abort() }),
    ).rejects.toMatchObject({ code: 'canceled' })
    expect(source.refreshed).toBe(0)
  })
})

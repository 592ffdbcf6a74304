import { beforeEach, describe, expect, it } from 'vitest'
import { type CachedEnvironments, createCachedSource } from '../../src/environments/cached.ts'
import type { EnvironmentList, EnvironmentSource } from '../../src/environments/environment.ts'
import { systemClock } from '../../src/util/clock.ts'
import { deferred } from '../../src/util/deferred.ts'
import { BridgeError } from '../../src/util/errors.ts'
import { createMemoryLogger } from '../support/logs.ts'
import { gatewayEnvironment, ScriptedSource } from './support.ts'

describe('createCachedSource', () => {
  let now: number
  let gateway: ScriptedSource
  let cached: CachedEnvironments
  let logger: ReturnType<typeof createMemoryLogger>

  const names = async (options?: Parameters<EnvironmentSource['list']>[0]) =>
    (await cached.list(options)).environments.map(({ name }) => name)
  const fail = (message: string) => () => Promise.reject(new BridgeError('unavailable', message))

  beforeEach(() => {
    now = 1_000_000
    gateway = new ScriptedSource('box')
    logger = createMemoryLogger()
    cached = createCachedSource(gateway, { logger, clock: { ...systemClock, now: () => now } })
  })

  it('asks once in 10 s', async () => {
    await cached.list()
    now += 9_999
    expect(await names()).toEqual(['box'])
    expect(gateway.asked).toBe(1)
    now += 1
    await cached.list()
    expect(gateway.asked).toBe(2)
  })

  it('asks anew on demand', async () => {
    await cached.list()
    await cached.list({ refresh: true })
    expect(gateway.asked).toBe(2)
  })

  it('asks anew once it has expired, whom it then waits for, though it has failed', async () => {
    gateway.answer = fail('down')
    await expect(cached.list()).rejects.toThrow('down')
    gateway.answer = async () => ({ environments: [gatewayEnvironment('gpu')] })
    await expect(cached.list()).rejects.toThrow('down')
    cached.expire()
    expect(await names()).toEqual(['gpu'])
    expect(await names()).toEqual(['gpu'])
    expect(gateway.asked).toBe(2)
  })

  it('shares one request among those who come together', async () => {
    const answer = deferred<EnvironmentList>()
    gateway.answer = () => answer.promise
    const lists = [cached.list(), cached.list({ refresh: true }), cached.list()]
    answer.resolve({ environments: [gatewayEnvironment('gpu')] })
    for (const list of await Promise.all(lists)) expect(list.environments[0]?.name).toBe('gpu')
    expect(gateway.asked).toBe(1)
  })

  it('lets a caller give up without stopping the others', async () => {
    const answer = deferred<EnvironmentList>()
    gateway.answer = () => answer.promise
    const controller = new AbortController()
    const impatient = cached.list({ signal: controller.signal })
    const patient = cached.list()
    controller.abort()
    await expect(impatient).rejects.toMatchObject({ code: 'canceled' })
    answer.resolve({ environments: [gatewayEnvironment('gpu')] })
    expect((await patient).environments).toHaveLength(1)
  })

  it('keeps the last good answer when a refresh fails, and says so', async () => {
    await cached.list()
    now += 20_000
    gateway.answer = fail('the gateway is down')
    const list = await cached.list()
    expect(list.environments.map(({ name }) => name)).toEqual(['box'])
    expect(list.stale).toEqual({ sinceMs: 20_000, reason: 'the gateway is down' })
  })

  it('asks a failing gateway no more often than a working one', async () => {
    await cached.list()
    gateway.answer = fail('the gateway is down')
    await cached.list({ refresh: true })
    await cached.list()
    expect(gateway.asked).toBe(2)
  })

  it('lets nobody wait for a gateway that failed the last time', async () => {
    await cached.list()
    gateway.answer = fail('the gateway is down')
    await cached.list({ refresh: true })
    now += 20_000
    const answer = deferred<EnvironmentList>()
    gateway.answer = () => answer.promise
    expect(await names()).toEqual(['box'])
    expect(gateway.asked).toBe(3)
    const refreshed = names({ refresh: true })
    answer.resolve({ environments: [gatewayEnvironment('gpu')] })
    expect(await refreshed).toEqual(['gpu'])
    expect(gateway.asked).toBe(3)
  })

  it('is no longer stale once a refresh works', async () => {
    await cached.list()
    gateway.answer = fail('the gateway is down')
    await cached.list({ refresh: true })
    gateway.answer = () => Promise.resolve({ environments: [gatewayEnvironment('gpu')] })
    const list = await cached.list({ refresh: true })
    expect(list.stale).toBeUndefined()
    expect(list.environments[0]?.name).toBe('gpu')
  })

  it('fails for the reason of the gateway when there is no good answer yet', async () => {
    gateway.answer = fail('the gateway is down')
    await expect(cached.list()).rejects.toMatchObject({ code: 'unavailable', message: 'the gateway is down' })
    await expect(cached.list()).rejects.toMatchObject({ message: 'the gateway is down' })
    expect(gateway.asked).toBe(1)
  })

  it('logs a failure once, and its end', async () => {
    await cached.list()
    gateway.answer = fail('the gateway is down')
    await cached.list({ refresh: true })
    await cached.list({ refresh: true })
    gateway.answer = () => Promise.resolve({ environments: [] })
    await cached.list({ refresh: true })
    expect(logger.lines.map(({ message }) => message)).toEqual([
      'environments cannot be listed',
      'environments can be listed again',
    ])
  })

  it('logs what was left out, each once', async () => {
    gateway.answer = () => Promise.resolve({ environments: [], notes: ['Entry 1 was left out'] })
    await cached.list()
    await cached.list({ refresh: true })
    expect(logger.lines).toEqual([
      { level: 'warn', fields: { note: 'Entry 1 was left out' }, message: 'environment left out' },
    ])
  })
})

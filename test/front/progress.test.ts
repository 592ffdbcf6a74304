import { describe, expect, it } from 'vitest'
import type { Outgoing } from '../../src/front/message.ts'
import { progressReporter } from '../../src/front/progress.ts'

function setUp(token: unknown) {
  const call = { time: 0, isLive: true, told: [] as Outgoing[] }
  const progress = progressReporter({
    token,
    isLive: () => call.isLive,
    offer: (message) => call.told.push(message),
    clock: { now: () => call.time },
  })
  return { call, progress }
}

describe('progressReporter', () => {
  it.each([7, 'seven', 0])('tells progress under the token %j', (token) => {
    const { call, progress } = setUp(token)
    progress(1, 3, 'one of three')
    const params = { progressToken: token, progress: 1, total: 3, message: 'one of three' }
    expect(call.told).toEqual([{ method: 'notifications/progress', params }])
  })

  it.each([undefined, null, true, {}])('tells nothing under the token %j', (token) => {
    const { call, progress } = setUp(token)
    progress(1)
    expect(call.told).toEqual([])
  })

  it('tells ten times a second at most', () => {
    const { call, progress } = setUp(1)
    for (; call.time < 1000; call.time += 10) progress(call.time + 1)
    expect(call.told).toHaveLength(10)
  })

  it('tells only numbers that grow', () => {
    const { call, progress } = setUp(1)
    for (const done of [1, 1, 0, Number.NaN, 2]) {
      progress(done)
      call.time += 100
    }
    expect(call.told).toMatchObject([{ params: { progress: 1 } }, { params: { progress: 2 } }])
  })

  it('tells nothing once the call is over', () => {
    const { call, progress } = setUp(1)
    call.isLive = false
    progress(1)
    expect(call.told).toEqual([])
  })
})

import { describe, expect, it } from 'vitest'
import { type Fault, isEntryFault } from '../support/fault.ts'
import { ENVIRONMENTS } from './environments.ts'
import { drawSchedule, type ScheduleOptions } from './schedule.ts'

const SURVIVABLE: ScheduleOptions = { fatalShare: 0, retentionMs: 30_000, gatewayShare: 0.4 }
const FATAL: ScheduleOptions = { fatalShare: 1, retentionMs: 30_000, gatewayShare: 0.4 }
/** The seeds of CI. */
const SEEDS = Array.from({ length: 200 }, (_, n) => n + 1)

const drawAll = (options: ScheduleOptions) => SEEDS.map((seed) => drawSchedule(seed, options))
const kindsOf = (faults: readonly Fault[]) => [...new Set(faults.map(({ kind }) => kind))].sort()

describe('drawSchedule', () => {
  it('draws the same for the same seed, and another for another', () => {
    const drawn = drawAll(SURVIVABLE).map((schedule) => JSON.stringify(schedule))
    expect(drawAll(SURVIVABLE).map((schedule) => JSON.stringify(schedule))).toEqual(drawn)
    expect(new Set(drawn.map((text) => text.replace(/"seed":\d+/, ''))).size).toBe(SEEDS.length)
  })

  it('has every kind of fault and of story in the schedules of CI', () => {
    const schedules = drawAll(SURVIVABLE)
    const faults = schedules.flatMap(({ faults }) => [...faults.a, ...faults.b].flat())
    expect(kindsOf(faults)).toEqual([
      ...['close', 'corrupt', 'cut-after-frame', 'cut-at-byte', 'delay', 'duplicate', 'half-open', 'hang'],
      ...['refuse', 'silence', 'stall', 'status'],
    ])
    const stories = schedules.flatMap(({ tracks }) => tracks.flat())
    const kinds = new Set(stories.map(({ kind }) => kind))
    expect([...kinds].sort()).toEqual(['cancelling', 'command', 'copying', 'patching', 'reading', 'session'])
    for (const { tracks } of schedules) {
      const ids = tracks.flat().map(({ id }) => id)
      expect(new Set(ids).size).toBe(ids.length)
    }
  })

  it('lets a first connection be made and greeted', () => {
    for (const { faults } of drawAll(SURVIVABLE))
      for (const environment of ENVIRONMENTS)
        for (const fault of faults[environment][0] ?? []) {
          expect(isEntryFault(fault)).toBe(false)
          if ('frame' in fault) expect(fault.frame).toBeGreaterThan(5)
        }
  })

  it('makes outages shorter than an executor keeps a session, and ends with a good connection', () => {
    for (const { faults } of drawAll(SURVIVABLE))
      for (const environment of ENVIRONMENTS) {
        expect(faults[environment].at(-1)?.some(isEntryFault)).toBe(false)
        expect(longestOutageMs(faults[environment].flat())).toBeLessThan(25_000)
      }
  })

  it('puts some machines behind a gateway, and upsets some gateways with a fault of theirs', () => {
    const plans = drawAll(SURVIVABLE).flatMap(({ gateway, faults }) => (gateway ? [{ gateway, faults }] : []))
    expect(new Set(plans.map(({ gateway }) => gateway.environment))).toEqual(new Set(ENVIRONMENTS))
    const kinds = plans.map(({ gateway }) => gateway.upset?.kind ?? 'none')
    expect([...new Set(kinds)].sort()).toEqual(['cut', 'killed', 'none'])
    for (const { gateway, faults } of plans)
      if (gateway.upset) expect(faults[gateway.environment].flat()).toContain(gateway.upset.at)
  })

  it('loses one session where it is to, in each of four ways', () => {
    const fatal = drawAll(FATAL).map((schedule) => schedule.fatal)
    const kinds = new Set(fatal.map((one) => one?.kind))
    expect([...kinds].sort()).toEqual(['denied', 'expired', 'killed', 'unreachable'])
    for (const schedule of drawAll(FATAL))
      if (schedule.fatal?.kind === 'killed')
        expect(schedule.faults[schedule.fatal.environment].flat()).toContain(schedule.fatal.at)
  })
})

/** Away all in all, for a bridge whose backoff is always as long as it may be and starts anew for none of these. */
function longestOutageMs(faults: readonly Fault[]): number {
  let timeMs = 0
  let backoffMs = 200
  const tryAgain = () => {
    timeMs += backoffMs
    backoffMs = Math.min(5000, 2 * backoffMs)
  }
  for (const fault of faults) {
    if (fault.kind === 'hang') timeMs += 10_000
    if (isEntryFault(fault)) tryAgain()
    if (!('downMs' in fault)) continue
    const untilMs = timeMs + (fault.downMs ?? 0)
    while (timeMs < untilMs) tryAgain()
  }
  return timeMs
}

import { readFileSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { GATEWAY_LIMITS } from '../../src/gateway/limits.ts'
import { generateIdentity, publicHalf } from '../../src/gateway/noise/identity.ts'
import { Registrations } from '../../src/gateway/registrations.ts'
import { openState, type State } from '../../src/gateway/state.ts'
import { systemClock } from '../../src/util/clock.ts'
import { createMemoryLogger } from '../support/logs.ts'
import { type TempDirectory, tempDirectory } from '../support/temp-directory.ts'

const wanted = (identity?: string) => ({
  workspaceId: 'w',
  exeId: 'exe_1',
  environmentId: 'box',
  era: 'relay' as const,
  key: undefined,
  heedsCredit: false,
  joinToken: 't',
  identity,
})
const ON_DISK = { timeoutMs: 10_000 }

let directory: TempDirectory
let state: State
let known: boolean

beforeEach(async () => {
  directory = await tempDirectory()
  state = await openState(join(directory.path, 'state'))
  known = true
})

afterEach(() => directory[Symbol.asyncDispose]())

/** Those of a gateway that starts on the state. */
function open(): Registrations {
  // Only whether there is one is asked for.
  const registry = { find: () => (known ? ({} as never) : undefined) }
  return new Registrations({
    state,
    registry,
    limits: GATEWAY_LIMITS,
    clock: systemClock,
    logger: createMemoryLogger(),
  })
}

describe('Registrations', () => {
  it('finds one by its ticket, again and again', () => {
    const registrations = open()
    const { registration, ticket } = registrations.add(wanted())
    expect(registrations.byTicket(ticket)).toBe(registration)
    expect(registrations.byTicket(ticket)).toBe(registration)
    expect(ticket).toMatch(/^[\w-]{43}$/)
  })

  it('ends that of the same process, and leaves those of others', () => {
    const registrations = open()
    const [first, other, again] = ['p1', 'p2', 'p1'].map((process) => registrations.add(wanted(process)))
    expect(registrations.byTicket(first!.ticket)).toBeUndefined()
    expect(registrations.byTicket(other!.ticket)).toBe(other!.registration)
    expect(registrations.byTicket(again!.ticket)).toBe(again!.registration)
  })

  it('takes each for another process where its version does not tell, and keeps so many', () => {
    const registrations = open()
    const all = Array.from({ length: 20 }, () => registrations.add(wanted()))
    const good = all.filter(({ ticket }) => registrations.byTicket(ticket))
    expect(good).toEqual(all.slice(-GATEWAY_LIMITS.maxRegistrations))
  })

  it('finds one by its id only in its workspace, for its executor', () => {
    const registrations = open()
    const { id } = registrations.add(wanted()).registration
    expect(registrations.byId('w', 'exe_1', id)?.id).toBe(id)
    expect(registrations.byId('w2', 'exe_1', id)).toBeUndefined()
    expect(registrations.byId('w', 'exe_2', id)).toBeUndefined()
  })

  it('knows after a restart those that are good, whole, and not those that were over', async () => {
    const key = publicHalf(generateIdentity())
    const before = open()
    const [over, good] = [0, 1].map(() => before.add({ ...wanted('p'), era: 'noise', key }))
    await before.written(ON_DISK)
    const after = open()
    expect(after.byTicket(good!.ticket)).toEqual(good!.registration)
    expect(after.byId('w', 'exe_1', good!.registration.id)).toBeDefined()
    expect(after.byTicket(over!.ticket)).toBeUndefined()
  })

  it('forgets over a restart those of executors that are no longer known', async () => {
    const before = open()
    const { ticket } = before.add(wanted())
    await before.written(ON_DISK)
    known = false
    expect(open().byTicket(ticket)).toBeUndefined()
  })

  it('keeps no ticket on disk, and what it keeps from others', async () => {
    const registrations = open()
    const { ticket } = registrations.add(wanted())
    await registrations.written(ON_DISK)
    const { path } = state.registrations
    expect(readFileSync(path, 'utf8')).not.toContain(ticket)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
  })

  it('tells a ticket that was good once from one that is made up', () => {
    const { ticket } = open().add(wanted())
    const other = open()
    expect(other.byTicket(ticket)).toBeUndefined()
    expect(other.isOld(ticket)).toBe(true)
    const changed = `${ticket[0] === 'A' ? 'B' : 'A'}${ticket.slice(1)}`
    for (const text of [changed, `${ticket}A`, ticket.slice(1), '', 'x', 'é'])
      expect(other.isOld(text)).toBe(false)
  })
})

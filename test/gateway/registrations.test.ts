import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
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

const opened: Registrations[] = []
let directory: TempDirectory
let state: State
let known: boolean
let logger: ReturnType<typeof createMemoryLogger>

beforeEach(async () => {
  directory = await tempDirectory()
  state = await openState(join(directory.path, 'state'))
  known = true
  logger = createMemoryLogger()
})

afterEach(async () => {
  for (const registrations of opened.splice(0)) await registrations.written(ON_DISK)
  await directory[Symbol.asyncDispose]()
})

/** Those of a gateway that starts on the state. */
function open(): Registrations {
  // Only whether there is one is asked for.
  const registry = { find: () => (known ? ({} as never) : undefined) }
  const registrations = new Registrations({
    state,
    registry,
    limits: GATEWAY_LIMITS,
    clock: systemClock,
    logger,
  })
  opened.push(registrations)
  return registrations
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

  it('loses none but the last to a crash in the middle of a line', async () => {
    const before = open()
    const first = before.add(wanted('p1'))
    await before.written(ON_DISK)
    const last = before.add(wanted('p2'))
    await before.written(ON_DISK)
    const { path } = state.registrations
    writeFileSync(path, readFileSync(path, 'utf8').slice(0, -10))
    const after = open()
    expect([first, last].map(({ ticket }) => after.byTicket(ticket) !== undefined)).toEqual([true, false])
    const next = after.add(wanted('p3'))
    await after.written(ON_DISK)
    const again = open()
    for (const { ticket } of [first, next]) expect(again.byTicket(ticket)).toBeDefined()
  })

  it('does not grow on disk with those that are over', async () => {
    const registrations = open()
    for (let n = 0; n < 1000; n++) registrations.add(wanted('p'))
    await registrations.written(ON_DISK)
    expect(readFileSync(state.registrations.path, 'utf8').split('\n').length).toBeLessThan(110)
  })

  it('says in the log what the disk does not take, and goes on', async () => {
    const registrations = open()
    mkdirSync(state.registrations.path)
    const { ticket } = registrations.add(wanted())
    await registrations.written(ON_DISK)
    expect(logger.lines).toMatchObject([{ level: 'error', message: 'a registration is not written down' }])
    expect(registrations.byTicket(ticket)).toBeDefined()
    rmdirSync(state.registrations.path)
    registrations.add(wanted())
    await registrations.written(ON_DISK)
    expect(open().byTicket(ticket)).toBeDefined()
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

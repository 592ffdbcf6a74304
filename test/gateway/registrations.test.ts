import { describe, expect, it } from 'vitest'
import { makeKeys } from '../../src/gateway/keys.ts'
import { GATEWAY_LIMITS } from '../../src/gateway/limits.ts'
import { Registrations } from '../../src/gateway/registrations.ts'

const { idKey } = makeKeys()
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

describe('Registrations', () => {
  it('finds one by its ticket, again and again', () => {
    const registrations = new Registrations(idKey, GATEWAY_LIMITS)
    const registration = registrations.add(wanted())
    expect(registrations.byTicket(registration.ticket)).toBe(registration)
    expect(registrations.byTicket(registration.ticket)).toBe(registration)
    expect(registration.ticket).toMatch(/^[\w-]{43}$/)
  })

  it('ends that of the same process, and leaves those of others', () => {
    const registrations = new Registrations(idKey, GATEWAY_LIMITS)
    const [first, other, again] = ['p1', 'p2', 'p1'].map((process) => registrations.add(wanted(process)))
    expect(registrations.byTicket(first!.ticket)).toBeUndefined()
    expect(registrations.byTicket(other!.ticket)).toBe(other)
    expect(registrations.byTicket(again!.ticket)).toBe(again)
  })

  it('takes each for another process where its version does not tell, and keeps so many', () => {
    const registrations = new Registrations(idKey, GATEWAY_LIMITS)
    const all = Array.from({ length: 20 }, () => registrations.add(wanted()))
    const good = all.filter(({ ticket }) => registrations.byTicket(ticket))
    expect(good).toEqual(all.slice(-GATEWAY_LIMITS.maxRegistrations))
  })

  it('finds one by its id only in its workspace, for its executor', () => {
    const registrations = new Registrations(idKey, GATEWAY_LIMITS)
    const { id } = registrations.add(wanted())
    expect(registrations.byId('w', 'exe_1', id)?.id).toBe(id)
    expect(registrations.byId('w2', 'exe_1', id)).toBeUndefined()
    expect(registrations.byId('w', 'exe_2', id)).toBeUndefined()
  })

  it('tells a ticket of before a restart from one that is made up', () => {
    const { ticket } = new Registrations(idKey, GATEWAY_LIMITS).add(wanted())
    const after = new Registrations(idKey, GATEWAY_LIMITS)
    expect(after.byTicket(ticket)).toBeUndefined()
    expect(after.isOld(ticket)).toBe(true)
    const changed = `${ticket[0] === 'A' ? 'B' : 'A'}${ticket.slice(1)}`
    for (const text of [changed, `${ticket}A`, ticket.slice(1), '', 'x', 'é'])
      expect(after.isOld(text)).toBe(false)
  })
})

import { createHash, createHmac, randomBytes } from 'node:crypto'
import type { GatewayLimits } from './limits.ts'
import type { DialInEra } from './link.ts'
import type { NoisePublicKey } from './noise/identity.ts'
import { isSame } from './sealed.ts'

/** An executor's word that it will connect, and how. It may do so again and again until another takes its place. */
export interface Registration {
  readonly id: string
  /** What the address to dial ends with: who has it is this executor. */
  readonly ticket: string
  readonly workspaceId: string
  readonly exeId: string
  /** As it was asked for: the id, or the name, of the executor. */
  readonly environmentId: string
  readonly era: DialInEra
  /** Its static key, in the Noise era. */
  readonly key: NoisePublicKey | undefined
  /** The same for the same process, as far as its version lets that be told; otherwise of its own. */
  readonly identity: string
  /** It waits for credit before it sends more on a stream: ours does. */
  readonly heedsCredit: boolean
  /** What it registered with: its connections are good for as long as that is. */
  readonly joinToken: string
  /** The authorizations of handshakes under way, which the executor asks about. */
  readonly authorizations: Set<string>
}

export type NewRegistration = Pick<
  Registration,
  'workspaceId' | 'exeId' | 'environmentId' | 'era' | 'key' | 'heedsCredit' | 'joinToken'
> & { readonly identity: string | undefined }

const RANDOM_BYTES = 16

/**
 * The registrations that are good. They live in memory: after a restart an executor with an old ticket is told to register
 * again. A ticket carries a tag of ours, so that an old one can be told from a made-up one.
 */
export class Registrations {
  readonly #tagKey: string
  readonly #limits: GatewayLimits
  readonly #byTicket = new Map<string, Registration>()
  readonly #byExecutor = new Map<string, Registration[]>()

  constructor(tagKey: string, limits: GatewayLimits) {
    this.#tagKey = tagKey
    this.#limits = limits
  }

  /** Adds one. That of the same process before it is over, and so is the oldest when there are too many. */
  add(wanted: NewRegistration): Registration {
    const id = `reg_${randomBytes(RANDOM_BYTES).toString('hex')}`
    const registration: Registration = {
      ...wanted,
      id,
      ticket: this.#makeTicket(),
      identity: wanted.identity ?? id,
      authorizations: new Set(),
    }
    const before = this.#of(registration)
    for (const old of before) if (old.identity === registration.identity) this.#remove(old)
    for (const old of this.#of(registration).slice(0, 1 - this.#limits.maxRegistrations)) this.#remove(old)
    this.#byTicket.set(digestOf(registration.ticket), registration)
    this.#byExecutor.set(keyOf(registration), [...this.#of(registration), registration])
    return registration
  }

  /** Found by a digest: how long it takes tells nothing about tickets that are good. */
  byTicket(ticket: string): Registration | undefined {
    return this.#byTicket.get(digestOf(ticket))
  }

  byId(workspaceId: string, exeId: string, id: string): Registration | undefined {
    return this.#of({ workspaceId, exeId }).find((registration) => registration.id === id)
  }

  /** True for a ticket that was ours once, before a restart or another registration. */
  isOld(ticket: string): boolean {
    const bytes = Buffer.from(ticket, 'base64url')
    return isSame(ticket, this.#tagged(bytes.subarray(0, RANDOM_BYTES)))
  }

  #makeTicket(): string {
    return this.#tagged(randomBytes(RANDOM_BYTES))
  }

  #tagged(random: Uint8Array): string {
    const tag = createHmac('sha256', this.#tagKey).update('ticket\0').update(random).digest()
    return Buffer.concat([random, tag.subarray(0, RANDOM_BYTES)]).toString('base64url')
  }

  #of(executor: Pick<Registration, 'workspaceId' | 'exeId'>): Registration[] {
    return this.#byExecutor.get(keyOf(executor)) ?? []
  }

  #remove(registration: Registration): void {
    this.#byTicket.delete(digestOf(registration.ticket))
    const rest = this.#of(registration).filter((other) => other !== registration)
    this.#byExecutor.set(keyOf(registration), rest)
  }
}

function keyOf({ workspaceId, exeId }: Pick<Registration, 'workspaceId' | 'exeId'>): string {
  return `${workspaceId}\0${exeId}`
}

function digestOf(ticket: string): string {
  return createHash('sha256').update(ticket).digest('base64')
}

import { createHash, createHmac, randomBytes } from 'node:crypto'
import { atMost } from '../util/at-most.ts'
import type { Clock } from '../util/clock.ts'
import type { Logger } from '../util/log.ts'
import { isSameSecret } from '../util/same-secret.ts'
import type { JournalFile } from './journal-file.ts'
import type { GatewayLimits } from './limits.ts'
import { type NoisePublicKey, parsePublicKey, publicKeyToJson } from './noise/identity.ts'
import type { SavedRegistration } from './records.ts'
import type { Registry } from './registry.ts'
import type { State } from './state.ts'

/** A registration that is good, as it is used. */
export interface Registration extends Omit<SavedRegistration, 'key'> {
  /** Its static key, in the Noise era. */
  readonly key: NoisePublicKey | undefined
  /** The authorizations of handshakes under way, which the executor asks about. */
  readonly authorizations: Set<string>
}

export type NewRegistration = Pick<
  Registration,
  'workspaceId' | 'exeId' | 'environmentId' | 'era' | 'key' | 'heedsCredit' | 'joinToken'
> & { readonly identity: string | undefined }

const RANDOM_BYTES = 16
/** Lines of the journal that stand for what is over, besides as many as there are good ones, before it is written anew. */
const SPARE_LINES = 100

export interface RegistrationsOptions {
  readonly state: Pick<State, 'keys' | 'registrations'>
  readonly registry: Pick<Registry, 'find'>
  readonly limits: GatewayLimits
  readonly clock: Clock
  readonly logger: Logger
}

/**
 * The registrations that are good. They survive a restart: an executor that had to register anew would come back only after
 * its next pause, half a minute long after a few failed tries, and its sessions might be over by then. A ticket carries a
 * tag of ours, so that one that was good once can be told from a made-up one.
 */
export class Registrations {
  readonly #tagKey: string
  readonly #limits: GatewayLimits
  readonly #journal: JournalFile<SavedRegistration>
  readonly #clock: Clock
  readonly #logger: Logger
  #journalLines = 0
  #writing: Promise<void> = Promise.resolve()
  readonly #byTicket = new Map<string, Registration>()
  readonly #byExecutor = new Map<string, Registration[]>()

  constructor({ state, registry, limits, clock, logger }: RegistrationsOptions) {
    this.#tagKey = state.keys.read().idKey
    this.#limits = limits
    this.#clock = clock
    this.#logger = logger
    this.#journal = state.registrations
    for (const saved of this.#journal.read())
      if (registry.find(saved.workspaceId, saved.exeId)) this.#keep(restored(saved))
  }

  /** Adds one, and gives its ticket. That of the same process before it is over, and so is the oldest when there are too many. */
  add(wanted: NewRegistration): { registration: Registration; ticket: string } {
    const id = `reg_${randomBytes(RANDOM_BYTES).toString('hex')}`
    const ticket = this.#makeTicket()
    const registration: Registration = {
      ...wanted,
      id,
      ticketDigest: digestOf(ticket),
      identity: wanted.identity ?? id,
      authorizations: new Set(),
    }
    this.#keep(registration)
    this.#writing = this.#writing.then(() => this.#write(registration))
    return { registration, ticket }
  }

  /** Resolves when all that were added are on disk, or cannot be written now, at the latest after `timeoutMs`. Never rejects. */
  written({ timeoutMs }: { timeoutMs: number }): Promise<void> {
    return atMost(timeoutMs, this.#writing, this.#clock)
  }

  /** Found by a digest: how long it takes tells nothing about tickets that are good. */
  byTicket(ticket: string): Registration | undefined {
    return this.#byTicket.get(digestOf(ticket))
  }

  byId(workspaceId: string, exeId: string, id: string): Registration | undefined {
    return this.#of({ workspaceId, exeId }).find((registration) => registration.id === id)
  }

  /** True for a ticket that was ours once, before another registration. */
  isOld(ticket: string): boolean {
    const bytes = Buffer.from(ticket, 'base64url')
    return isSameSecret(ticket, this.#tagged(bytes.subarray(0, RANDOM_BYTES)))
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

  #keep(registration: Registration): void {
    const before = this.#of(registration)
    for (const old of before) if (old.identity === registration.identity) this.#remove(old)
    for (const old of this.#of(registration).slice(0, 1 - this.#limits.maxRegistrations)) this.#remove(old)
    this.#byTicket.set(registration.ticketDigest, registration)
    this.#byExecutor.set(keyOf(registration), [...this.#of(registration), registration])
  }

  /** Never rejects. */
  async #write(registration: Registration): Promise<void> {
    try {
      if (this.#journal.isWhole && this.#journalLines < 2 * this.#byTicket.size + SPARE_LINES) {
        this.#journalLines++
        await this.#journal.add(toSave(registration))
      } else {
        const good = [...this.#byTicket.values()].map(toSave)
        this.#journalLines = good.length
        await this.#journal.replace(good)
      }
    } catch (error) {
      this.#logger.error({ error: String(error) }, 'a registration is not written down')
    }
  }

  #remove(registration: Registration): void {
    this.#byTicket.delete(registration.ticketDigest)
    const rest = this.#of(registration).filter((other) => other !== registration)
    this.#byExecutor.set(keyOf(registration), rest)
  }
}

function toSave({ authorizations: _, key, ...registration }: Registration): SavedRegistration {
  return key ? { ...registration, key: publicKeyToJson(key) } : registration
}

function restored(saved: SavedRegistration): Registration {
  return { ...saved, key: parsePublicKey(saved.key), authorizations: new Set() }
}

function keyOf({ workspaceId, exeId }: Pick<Registration, 'workspaceId' | 'exeId'>): string {
  return `${workspaceId}\0${exeId}`
}

function digestOf(ticket: string): string {
  return createHash('sha256').update(ticket).digest('base64')
}

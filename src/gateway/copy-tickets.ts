import { randomBytes } from 'node:crypto'
import type { Clock } from '../util/clock.ts'
import { CopyTransfer } from './copy-transfer.ts'
import { HttpError } from './http-error.ts'
import type { GatewayLimits } from './limits.ts'
import type { Tap } from './tap.ts'

/** Which copy a ticket is for: the ids of two executors, and its bounds. */
export interface NewTicket {
  readonly workspaceId: string
  readonly source: string
  readonly destination: string
  readonly ttlMs: number
  readonly maxBytes: number
}

/** The tickets for copies that are good: one upload and one download each. They live in memory, and end by themselves. */
export class CopyTickets {
  readonly #clock: Clock
  readonly #limits: GatewayLimits
  readonly #tap: Tap
  readonly #tickets = new Map<string, { readonly workspaceId: string; readonly transfer: CopyTransfer }>()

  constructor(clock: Clock, limits: GatewayLimits, tap: Tap) {
    this.#clock = clock
    this.#limits = limits
    this.#tap = tap
  }

  /** Makes one; throws 429 when the workspace has too many. */
  make(options: NewTicket): string {
    const { workspaceId, source, destination } = options
    const live = [...this.#tickets.values()].filter((ticket) => ticket.workspaceId === workspaceId).length
    const { maxTicketsPerWorkspace } = this.#limits
    if (live >= maxTicketsPerWorkspace)
      throw new HttpError(429, `This workspace has ${live} copies under way already: wait for one to end`)
    const id = `rly_${randomBytes(24).toString('base64url')}`
    const transfer = new CopyTransfer({
      maxBytes: options.maxBytes,
      idleMs: this.#limits.transferIdleMs,
      clock: this.#clock,
    })
    const expiry = this.#clock.after(options.ttlMs, () => transfer.expire())
    const over = this.#tap.copy({ workspaceId, sourceExeId: source, destinationExeId: destination })
    void transfer.over().then((outcome) => {
      over(outcome, transfer.bytes)
      expiry[Symbol.dispose]()
      this.#tickets.delete(id)
    })
    this.#tickets.set(id, { workspaceId, transfer })
    return id
  }

  /** Throws 410 when it is over, or never was. */
  get(id: string): CopyTransfer {
    const ticket = this.#tickets.get(id)
    if (ticket) return ticket.transfer
    throw new HttpError(410, 'This ticket is gone: it has expired, or its copy is over')
  }

  /** Ends all of them. */
  close(): void {
    for (const { transfer } of this.#tickets.values())
      transfer.abort(new HttpError(503, 'The gateway is stopping'))
  }
}

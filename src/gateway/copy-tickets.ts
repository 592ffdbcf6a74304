import { randomBytes } from 'node:crypto'
import type { Clock } from '../util/clock.ts'
import { CopyTransfer } from './copy-transfer.ts'
import { HttpError } from './http-error.ts'
import type { GatewayLimits } from './limits.ts'

/** The tickets for copies that are good: one upload and one download each. They live in memory, and end by themselves. */
export class CopyTickets {
  readonly #clock: Clock
  readonly #limits: GatewayLimits
  readonly #tickets = new Map<string, { readonly workspaceId: string; readonly transfer: CopyTransfer }>()

  constructor(clock: Clock, limits: GatewayLimits) {
    this.#clock = clock
    this.#limits = limits
  }

  /** Makes one; throws 429 when the workspace has too many. */
  make(workspaceId: string, options: { ttlMs: number; maxBytes: number }): string {
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
    void transfer.over().then(() => {
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

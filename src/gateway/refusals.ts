import type { Clock } from '../util/clock.ts'
import type { Logger } from '../util/log.ts'
import { FailedTries } from './failed-tries.ts'
import type { GatewayLimits } from './limits.ts'

/** Who was refused, and where. */
export interface Refused {
  readonly address: string
  readonly route: string
  readonly workspaceId?: string
  readonly name?: string
}

/** Failed tries are told by the gate; the others are what good clients meet in the course of things. */
const NOT_TOLD = new Set([401, 409, 410, 423, 429])

/** Tells the log what was refused for what it was: once for an address, a route and a minute, however often it comes. */
export class Refusals {
  readonly #logger: Logger
  readonly #seen: FailedTries

  constructor(options: { logger: Logger; clock: Clock; limits: GatewayLimits }) {
    const { failureWindowMs, maxRemembered } = options.limits
    this.#logger = options.logger
    this.#seen = new FailedTries(options.clock, failureWindowMs, maxRemembered)
  }

  /** A request. */
  request({ address, route }: Refused, status: number, why: string): void {
    if (status < 500 && !NOT_TOLD.has(status)) this.note({ address, route }, why)
  }

  /** Anything else. */
  note(refused: Refused, why: string): void {
    if (this.#seen.count(`${refused.address}\0${refused.route}`) === 1)
      this.#logger.warn({ ...refused, why }, 'refused')
  }
}

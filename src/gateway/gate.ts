import { createHash } from 'node:crypto'
import type { Clock } from '../util/clock.ts'
import { BridgeError } from '../util/errors.ts'
import type { Logger } from '../util/log.ts'
import { isSameSecret } from '../util/same-secret.ts'
import { type Ask, bearerOf } from './ask.ts'
import { FailedTries } from './failed-tries.ts'
import { HttpError } from './http-error.ts'
import type { GatewayLimits } from './limits.ts'
import { isRevoked } from './revocations.ts'
import type { State } from './state.ts'
import {
  type JoinClaims,
  readJoinToken,
  readWorkspaceToken,
  secondsNow,
  type WorkspaceClaims,
} from './tokens.ts'

/**
 * Who may do what. Each check gives what the token says, or throws 401, and 429 once an address or a token has failed too
 * often. A good token always passes: bad ones from the same address cannot shut it out.
 */
export class Gate {
  readonly #state: State
  readonly #limits: GatewayLimits
  readonly #logger: Logger
  readonly #addresses: FailedTries
  readonly #tokens: FailedTries

  constructor(options: { state: State; limits: GatewayLimits; clock: Clock; logger: Logger }) {
    const { state, limits, clock, logger } = options
    this.#state = state
    this.#limits = limits
    this.#logger = logger
    this.#addresses = new FailedTries(clock, limits.failureWindowMs, limits.maxRemembered)
    this.#tokens = new FailedTries(clock, limits.failureWindowMs, limits.maxRemembered)
  }

  /** The workspace of the bearer; `token` where it came in another header. */
  workspace(ask: Ask, token = bearerOf(ask)): WorkspaceClaims {
    return this.#check(ask, token, (text) => {
      const claims = readWorkspaceToken(this.#state.keys.read(), text, secondsNow())
      if (isRevoked(this.#state.revoked, claims.turnId))
        throw new BridgeError('denied', 'The workspace token was revoked: its turn is over')
      return claims
    })
  }

  /** The executor that the bearer may be. */
  join(ask: Ask, token = bearerOf(ask)): JoinClaims & { readonly token: string } {
    return this.#check(ask, token, (text) => ({
      ...readJoinToken(this.#state.keys.read(), text, secondsNow()),
      token: text,
    }))
  }

  /** What runs the gateway's business beside it. */
  internal(ask: Ask): void {
    this.#check(ask, bearerOf(ask), (text) => {
      if (!isSameSecret(text, this.#state.keys.read().internalSecret))
        throw new BridgeError('denied', 'This is not the internal secret of this gateway')
    })
  }

  /** Notes a failed try and gives the refusal for it. */
  failed(ask: Ask, token: string | undefined, message: string): HttpError {
    const tries = this.#addresses.count(ask.address)
    const sameToken =
      token === undefined ? 0 : this.#tokens.count(createHash('sha256').update(token).digest('hex'))
    const { failuresPerAddress, failuresPerToken, failureWindowMs } = this.#limits
    const isOver = tries > failuresPerAddress || sameToken > failuresPerToken
    // Once for an address and window, and once more when it is over its limit.
    if (tries === 1 || tries === failuresPerAddress + 1)
      this.#logger.warn({ address: ask.address, route: ask.route, tries, why: message }, 'failed try')
    if (!isOver) return new HttpError(401, message, { 'WWW-Authenticate': 'Bearer' })
    const seconds = String(Math.ceil(failureWindowMs / 1000))
    return new HttpError(429, `Too many failed tries: wait ${seconds} seconds`, { 'Retry-After': seconds })
  }

  #check<T>(ask: Ask, token: string | undefined, read: (token: string) => T): T {
    if (token === undefined)
      throw this.failed(ask, token, 'A token is missing: it goes into a header, as bearer')
    try {
      return read(token)
    } catch (error) {
      const { code, message } = BridgeError.from(error, 'denied')
      if (code !== 'denied') throw error
      throw this.failed(ask, token, message)
    }
  }
}

import type { BridgeError } from '../util/errors.ts'
import type { Connection } from './connection.ts'
import type { SessionEnd } from './session-end.ts'
import type { Watchdog } from './watchdog.ts'

/**
 * Where a session stands with its connection. Each state owns what runs in it, and `leave` is its one way out.
 *
 *     ready ──lost──► reconnecting ──done──► ready
 *     ready ──lost, and nobody needs it──► idle ──somebody calls──► reconnecting
 *     reconnecting ──nobody needs it any more──► idle
 *     closed ◄── from everywhere
 */
export type State =
  | { readonly kind: 'idle'; readonly outage: Outage }
  /** `reconnect` is at it, until `giveUp`. */
  | { readonly kind: 'reconnecting'; readonly outage: Outage; readonly giveUp: AbortController }
  | {
      readonly kind: 'ready'
      readonly connection: Connection
      /** Absent where the end of a connection is always told. */
      readonly watchdog: Watchdog | undefined
      readonly sinceMs: number
    }
  | { readonly kind: 'closed'; readonly end: SessionEnd }

/** One time without a connection. */
export interface Outage {
  readonly sinceMs: number
  /** In words: to whom, since when, why. */
  readonly lost: string
  readonly reason: BridgeError
  /** How long it may take. */
  readonly patienceMs: number
  /** What was on the machine and would be lost with the session, for messages: processes. */
  readonly atStake: readonly string[]
}

/** Ends what runs in a state. Resolves when nothing is left of it. */
export async function leave(state: State, reason: BridgeError): Promise<void> {
  switch (state.kind) {
    case 'idle':
    case 'closed':
      return
    case 'reconnecting':
      return state.giveUp.abort(reason)
    case 'ready':
      state.watchdog?.[Symbol.dispose]()
      return state.connection.close(reason)
  }
}

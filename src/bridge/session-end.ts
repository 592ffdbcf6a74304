import { BridgeError } from '../util/errors.ts'
import { ConnectionLost } from './call-failure.ts'
import type { Outage } from './states.ts'

/** How a session ended. */
export interface SessionEnd {
  readonly reason: BridgeError
  /** In words: since when it was away, why it is gone, what went with it. */
  readonly lost: string
  readonly code: 'unavailable' | 'process_lost'
}

/** The end of a session that did not come back from an outage; `why` goes on a sentence. */
export function endOf({ lost, reason, atStake }: Outage, why: string): SessionEnd {
  const gone = atStake.length > 0 ? `; lost with it: ${list(atStake)}` : ''
  return {
    reason: new BridgeError('unavailable', `${reason.message}; ${why}`),
    lost: `${lost}, and ${why}${gone}`,
    code: atStake.length > 0 ? 'process_lost' : 'unavailable',
  }
}

/** What a call fails with whose session has ended. */
export function lossBy({ lost, reason, code }: SessionEnd, wasSent: boolean): ConnectionLost {
  return new ConnectionLost(lost, wasSent, reason, code)
}

/** Names for a message: the first few, and how many more there are. */
function list(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(', ')
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown
}

import type { Transport } from '../rpc/transport.ts'
import type { Backoff } from '../util/backoff.ts'
import type { Clock } from '../util/clock.ts'
import { deferred } from '../util/deferred.ts'
import { durationText } from '../util/duration.ts'
import { BridgeError } from '../util/errors.ts'
import type { Logger } from '../util/log.ts'
import { type CallOptions, callScope, throwIfAborted, waitFor } from '../util/signals.ts'
import { Connection } from './connection.ts'
import { BRIDGE_LIMITS } from './limits.ts'
import type { Outage } from './states.ts'
import { verdictOn } from './verdict.ts'

/** Opens a connection to the machine, as it is to be reached now. */
export type Dial = (options: CallOptions) => Promise<Transport>

/** How a session begins on a connection, and how it is taken up again on another. */
export interface Greeting {
  /** Rejects with `RpcError` when the executor refuses. */
  resume(connection: Connection, sessionId: string, signal: AbortSignal): Promise<void>
  /** Gives the id of a new session; rejects when the executor is not what it was. */
  begin(connection: Connection, signal: AbortSignal): Promise<string>
}

/** A session without a connection, and what it takes to give it another one. */
export interface AwaySession {
  /** The environment, for messages. */
  readonly name: string
  readonly sessionId: string
  readonly outage: Outage
  readonly redial: Dial
  readonly greeting: Greeting
  readonly backoff: Backoff
  readonly clock: Clock
  /** From 0 to 1, 1 excluded. */
  readonly random: () => number
  readonly logger: Logger
  /** Somebody waits for it. */
  readonly isNeeded: () => boolean
  /** Listens to a connection, before it is greeted: an executor may tell of processes before it has answered. */
  readonly follow: (connection: Connection) => void
}

/** What became of a session that was away. */
export type Reconnected =
  | { readonly kind: 'ready'; readonly connection: Connection; readonly sessionId: string }
  /** Nobody waits for it any more: there is no hurry. */
  | { readonly kind: 'unneeded' }
  /** It is over; `why` goes on a sentence. */
  | { readonly kind: 'gone'; readonly why: string }

/**
 * Dials until the session is taken up again (a new one has begun, where nothing was at stake), it is known to be gone, or it was
 * away for too long. Rejects when `signal` is aborted, and only then.
 */
export async function reconnect(session: AwaySession, signal: AbortSignal): Promise<Reconnected> {
  const { name, backoff, logger, isNeeded } = session
  for (let backoffMs = backoff.next(); ; ) {
    await pause(dialWithin(session, backoffMs), session.clock, signal)
    try {
      return { kind: 'ready', ...(await connect(session, signal)) }
    } catch (error) {
      throwIfAborted(signal)
      logger.debug({ environment: name, reason: BridgeError.from(error).message }, 'no connection')
      const why = whyGone(session, error)
      if (why !== undefined) return { kind: 'gone', why }
      if (!isNeeded()) return { kind: 'unneeded' }
      backoffMs = verdictOn(error) === 'busy' ? backoff.nextWhileBusy() : backoff.next()
    }
  }
}

/** A wait ends just before the executor may end the session. */
function dialWithin({ clock, random, outage }: AwaySession, waitMs: number): number {
  const { lastChancesMs, lastChanceSpreadMs } = BRIDGE_LIMITS
  const awayMs = clock.now() - outage.sinceMs
  const soonerMs = random() * lastChanceSpreadMs
  const missed = lastChancesMs.map((ms) => ms - soonerMs - awayMs).find((ms) => ms > 0 && ms < waitMs)
  return missed ?? waitMs
}

async function pause(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
  if (ms === 0) return
  const over = deferred<void>()
  using _timer = clock.after(ms, () => over.resolve())
  await waitFor(over.promise, signal)
}

async function connect(
  { name, clock, redial, greeting, outage, sessionId, follow }: AwaySession,
  signal: AbortSignal,
): Promise<{ connection: Connection; sessionId: string }> {
  const { redialTimeoutMs: timeoutMs } = BRIDGE_LIMITS
  using scope = callScope({ signal, timeoutMs }, `Connecting to ${JSON.stringify(name)}`)
  const connection = new Connection(await redial({ signal: scope.signal }), name, clock)
  follow(connection)
  try {
    if (outage.atStake.length === 0)
      return { connection, sessionId: await greeting.begin(connection, scope.signal) }
    await greeting.resume(connection, sessionId, scope.signal)
    return { connection, sessionId }
  } catch (error) {
    // Resolves later: the next try need not wait for the end of this one's socket.
    void connection.close(BridgeError.from(error))
    throw error
  }
}

/** Why there is nothing to wait for after this failure; undefined when the next try may succeed. */
function whyGone({ clock, outage }: AwaySession, error: unknown): string | undefined {
  const { message } = BridgeError.from(error)
  const awayMs = clock.now() - outage.sinceMs
  switch (verdictOn(error)) {
    case 'gone':
      return `its session is gone (${message})`
    case 'refused':
      return `it cannot be reached again (${message})`
    case 'again':
    case 'busy':
      return awayMs < outage.patienceMs
        ? undefined
        : `it could not be reached for ${durationText(awayMs)} (${message})`
  }
}

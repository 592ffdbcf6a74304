import type { Methods } from '../protocol/methods.ts'
import { Backoff } from '../util/backoff.ts'
import type { Clock } from '../util/clock.ts'
import { deferred } from '../util/deferred.ts'
import { durationText } from '../util/duration.ts'
import { BridgeError } from '../util/errors.ts'
import type { Logger } from '../util/log.ts'
import { type CallOptions, callScope, waitFor } from '../util/signals.ts'
import { CallFailure, ConnectionLost } from './call-failure.ts'
import { carryCall, type DurableCallOptions, type Try } from './carry-call.ts'
import type { Connection } from './connection.ts'
import { BRIDGE_LIMITS } from './limits.ts'
import { PendingCalls } from './pending-calls.ts'
import { type Dial, type Greeting, type Reconnected, reconnect } from './reconnect.ts'
import { endOf, lossBy, type SessionEnd } from './session-end.ts'
import { type SessionListener, SessionListeners } from './session-listeners.ts'
import { leave, type Outage, type State } from './states.ts'
import { Watchdog } from './watchdog.ts'

export interface DurableOptions {
  /** Greeted. */
  readonly connection: Connection
  readonly sessionId: string
  /** The environment, for messages. */
  readonly name: string
  readonly clock: Clock
  /** ms since 1970. */
  readonly wallNow: () => number
  readonly random: () => number
  readonly logger: Logger
  /** Without it the end of the connection is the end of the session. */
  readonly redial: Dial | undefined
  readonly greeting: Greeting
  /** The executor writes each write id once. */
  readonly hasWriteIds: boolean
}

/**
 * The wire to one executor, as a session that outlives its connections. Calls wait while there is none; those whose answer was
 * lost are sent again where that is safe (`replay.ts`). It ends when the executor does not know the session any more, does not let us
 * in, or cannot be reached for 90 s.
 */
export class DurableConnection {
  readonly clock: Clock
  readonly #options: DurableOptions
  readonly #backoff: Backoff
  readonly #listeners = new SessionListeners()
  readonly #calls: PendingCalls
  /** Settles when there is a connection again, or the session is over. */
  #next = deferred<Connection>()
  #state: State
  #sessionId: string
  #epoch = 1

  constructor(options: DurableOptions) {
    this.#options = options
    this.clock = options.clock
    this.#sessionId = options.sessionId
    this.#backoff = new Backoff({ ...BRIDGE_LIMITS.backoff, random: options.random })
    this.#calls = new PendingCalls(options.clock)
    this.#state = this.#readyState(options.connection)
    this.#follow(options.connection)
  }

  /** Tells `listener` from now on; one that comes after the end is told of it at once. */
  listen(listener: SessionListener): void {
    if (this.#state.kind !== 'closed') this.#listeners.add(listener)
    else listener.closed?.(this.#state.end.reason, this.#state.end.lost)
  }

  /** Why it is over; undefined while it lives, with a connection or without. */
  get closedReason(): BridgeError | undefined {
    return this.#state.kind === 'closed' ? this.#state.end.reason : undefined
  }

  /** There is a connection now. */
  get isConnected(): boolean {
    return this.#state.kind === 'ready'
  }

  /** In words, to whom there is no connection now, since when and why; undefined while there is one, and after the end. */
  get away(): string | undefined {
    return this.#outage?.lost
  }

  /** The last connection that was lost, in words. */
  get lostWords(): string {
    return this.#outage?.lost ?? `the connection to ${JSON.stringify(this.#options.name)} was lost`
  }

  /** By which the executor knows it; another one once a new session had to begin, which is when nothing was at stake. */
  get sessionId(): string {
    return this.#sessionId
  }

  /** The executor writes each write id once. */
  get hasWriteIds(): boolean {
    return this.#options.hasWriteIds
  }

  /** Counts the connections. What belongs to one, such as a file handle, is gone when it has moved on. */
  get epoch(): number {
    return this.#epoch
  }

  /** Calls that wait for their answer. */
  get callCount(): number {
    return this.#calls.count
  }

  /** When a call began or ended, or a notification came, on the clock that was given. */
  get lastActivityMs(): number {
    return this.#calls.lastActivityMs
  }

  /** A call of this method waits for its answer on the connection there is. */
  isWaitingFor(method: keyof Methods): boolean {
    return this.#state.kind === 'ready' && this.#state.connection.isWaitingFor(method)
  }

  /**
   * Calls a method and checks its answer. `timeoutMs` is for all tries together; without it each has the method's own deadline.
   * Rejects as `Connection.call`; with `ConnectionLost` when the session is over, or the call cannot be sent again.
   */
  call<M extends keyof Methods>(
    method: M,
    params: Methods[M]['params'],
    options: DurableCallOptions = {},
  ): Promise<Methods[M]['result']> {
    return this.#calls.run(method, options.signal, () => carryCall(this, method, params, options))
  }

  /**
   * For one try of a call: the connection there is, or the next one, which it makes when nobody does. With an `epoch` only the
   * one that it counts. Rejects with `ConnectionLost` when there is none to come.
   */
  async connectionFor({ epoch, wasSent, ...options }: Try): Promise<Connection> {
    const state = this.#state
    if (state.kind === 'closed') throw lossBy(state.end, false)
    if (epoch !== undefined && (epoch !== this.#epoch || state.kind !== 'ready')) throw this.#lossOfEpoch()
    if (state.kind === 'ready') {
      state.watchdog?.watch()
      return state.connection
    }
    if (state.kind === 'idle') {
      const sinceMs = this.clock.now()
      this.#reconnect({ ...state.outage, sinceMs, patienceMs: BRIDGE_LIMITS.idlePatienceMs })
    }
    return this.#nextConnection(options, wasSent)
  }

  /** What a call ends with when the session is over; undefined while it lives. */
  lossAtEnd(wasSent: boolean): ConnectionLost | undefined {
    return this.#state.kind === 'closed' ? lossBy(this.#state.end, wasSent) : undefined
  }

  /** Drops the connection there is, for this reason; the session goes on over another one. */
  drop(reason: BridgeError): void {
    // Resolves later; who waits is told at once.
    if (this.#state.kind === 'ready') void this.#state.connection.close(reason)
  }

  /** Ends it; those who wait get `reason`. Resolves when nothing is left of it. */
  async close(reason: BridgeError): Promise<void> {
    const state = this.#state
    if (state.kind === 'closed') return
    const since = new Date().toISOString()
    const lost = `the connection to ${JSON.stringify(this.#options.name)} ended at ${since} (${reason.message})`
    // Before its connection is: what is told of that end is no news then.
    this.#end({ reason, lost, code: 'unavailable' })
    await leave(state, reason)
  }

  async #nextConnection(options: CallOptions, wasSent: boolean): Promise<Connection> {
    using scope = callScope(options)
    try {
      return await waitFor(this.#next.promise, scope.signal)
    } catch (error) {
      if (!scope.signal.aborted || options.signal?.aborted) throw error
      const within = durationText(options.timeoutMs ?? 0)
      throw new CallFailure('deadline', `no answer within ${within}: ${this.lostWords}`, wasSent)
    }
  }

  #lossOfEpoch(): ConnectionLost {
    const reason = this.#outage?.reason ?? new BridgeError('unavailable', 'lost')
    return new ConnectionLost(this.lostWords, false, reason)
  }

  get #outage(): Outage | undefined {
    return 'outage' in this.#state ? this.#state.outage : undefined
  }

  #readyState(connection: Connection): State {
    const { clock, wallNow } = this.#options
    const { pulse } = connection
    const isNeeded = () => this.#isNeeded()
    // Resolves later: the end is told by `closed`.
    const dead = (reason: BridgeError) => void connection.close(reason)
    const watchdog = pulse && new Watchdog({ pulse, clock, wallNow, isNeeded, dead })
    return { kind: 'ready', connection, watchdog, sinceMs: clock.now() }
  }

  #follow(connection: Connection): void {
    connection.listen({
      notification: (method, params) => {
        this.#calls.touch()
        this.#listeners.notification(method, params)
      },
      unreadable: () => this.#onUnreadable(connection),
      closed: (reason, lost) => this.#onLost(connection, reason, lost),
    })
  }

  /** Which of the calls it was is not known; on another connection each is settled. */
  #onUnreadable(connection: Connection): void {
    if (!this.#options.redial || this.#calls.count === 0) return
    // Resolves later; who waits is told at once.
    void connection.close(new BridgeError('unavailable', 'the executor could not read what it was sent'))
  }

  #onLost(connection: Connection, reason: BridgeError, lost: string): void {
    const state = this.#state
    if (state.kind !== 'ready' || state.connection !== connection) return
    const { name, clock, logger, redial } = this.#options
    state.watchdog?.[Symbol.dispose]()
    if (!redial) return this.#end({ reason, lost, code: 'unavailable' })
    logger.info({ environment: name, reason: reason.message }, 'connection lost')
    this.#epoch++
    this.#backoff.lostAfter(clock.now() - state.sinceMs)
    const { patienceMs } = BRIDGE_LIMITS
    this.#stayAway({ sinceMs: clock.now(), lost, reason, patienceMs, atStake: this.#listeners.atStake() })
  }

  /** Comes back when somebody needs it. */
  #stayAway(outage: Outage): void {
    if (this.#isNeeded()) this.#reconnect(outage)
    else this.#state = { kind: 'idle', outage }
  }

  #reconnect(outage: Outage): void {
    const giveUp = new AbortController()
    const state: State = { kind: 'reconnecting', outage, giveUp }
    this.#state = state
    const session = {
      ...this.#options,
      redial: this.#options.redial!,
      sessionId: this.#sessionId,
      outage,
      backoff: this.#backoff,
      isNeeded: () => this.#isNeeded(),
      follow: (connection: Connection) => this.#follow(connection),
    }
    reconnect(session, giveUp.signal).then(
      (outcome) => this.#onReconnected(state, outage, outcome),
      // It was closed meanwhile; whatever else it is, nobody may wait for it in vain.
      (error: unknown) => {
        const { message: why } = BridgeError.from(error)
        this.#onReconnected(state, outage, { kind: 'gone', why })
      },
    )
  }

  #onReconnected(state: State, outage: Outage, outcome: Reconnected): void {
    if (this.#state !== state) {
      // It was closed meanwhile; resolves later.
      if (outcome.kind === 'ready') void outcome.connection.close(this.closedReason ?? outage.reason)
      return
    }
    switch (outcome.kind) {
      case 'ready':
        return this.#onReady(outage, outcome)
      case 'unneeded':
        return this.#stayAway(outage)
      case 'gone':
        return this.#end(endOf(outage, outcome.why))
    }
  }

  #onReady(outage: Outage, { connection, sessionId }: Extract<Reconnected, { kind: 'ready' }>): void {
    const { name, clock, logger } = this.#options
    this.#sessionId = sessionId
    this.#state = this.#readyState(connection)
    if (connection.closedReason) return this.#onLost(connection, connection.closedReason, outage.lost)
    const awayMs = Math.round(clock.now() - outage.sinceMs)
    logger.info({ environment: name, awayMs }, 'connection restored')
    // What fills the gaps goes out before what others have waited to send.
    this.#listeners.resumed()
    const next = this.#next
    this.#next = deferred<Connection>()
    next.resolve(connection)
    if (this.#state.kind === 'ready') this.#state.watchdog?.watch()
  }

  #end(end: SessionEnd): void {
    this.#state = { kind: 'closed', end }
    this.#next.promise.catch(() => {})
    this.#next.reject(lossBy(end, false))
    this.#listeners.closed(end.reason, end.lost)
  }

  /** Somebody waits for an answer, or for what a process does. */
  #isNeeded(): boolean {
    return this.#calls.count > 0 || this.#listeners.atStake().length > 0
  }
}

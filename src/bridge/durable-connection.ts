import type { Methods } from '../protocol/methods.ts'
import type { Transport } from '../rpc/transport.ts'
import { Backoff } from '../util/backoff.ts'
import type { Clock } from '../util/clock.ts'
import { deferred } from '../util/deferred.ts'
import { BridgeError } from '../util/errors.ts'
import type { Logger } from '../util/log.ts'
import { Semaphore } from '../util/semaphore.ts'
import { type CallOptions, callScope, waitFor } from '../util/signals.ts'
import { CallFailure, ConnectionLost } from './call-failure.ts'
import { Connection, duration } from './connection.ts'
import { BRIDGE_LIMITS } from './limits.ts'
import { REPLAY } from './replay.ts'
import { leave, type Outage, type SessionEnd, type State } from './states.ts'
import { verdictOn } from './verdict.ts'
import { Watchdog } from './watchdog.ts'

/** Opens a connection to the machine, as it is to be reached now. */
export type Dial = (options: CallOptions) => Promise<Transport>

/** How a session begins on a connection, and how it is taken up again on another. */
export interface Greeting {
  /** Rejects with `RpcError` when the executor refuses. */
  resume(connection: Connection, sessionId: string, signal: AbortSignal): Promise<void>
  /** Gives the id of a new session; rejects when the executor is not what it was. */
  begin(connection: Connection, signal: AbortSignal): Promise<string>
}

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

/** How one call wants to be carried over a lost connection. */
export interface DurableCallOptions extends CallOptions {
  /** Called just before the request leaves, and when its answer was lost (`isRepeat`); what it throws ends the call instead. */
  readonly beforeSend?: (isRepeat: boolean) => void
  /** It means something on this connection only: on another one it is not sent. */
  readonly epoch?: number
}

/** Told what happens to a session. None of it may throw. */
export interface SessionListener {
  notification?(method: string, params: unknown): void
  /** There is a connection again, and the session is the same: what was said meanwhile was not heard. */
  resumed?(): void
  /** It is over, for this reason; `lost` says so in words. */
  closed?(reason: BridgeError, lost: string): void
  /** What would be lost with the session, for messages. */
  atStake?(): readonly string[]
}

/** Many come at once, from whoever moves a file: they take turns. */
const BLOCKS: ReadonlySet<keyof Methods> = new Set(['fs/readBlock', 'fs/writeBlock'])

/**
 * The wire to one executor, as a session that outlives its connections. Calls wait while there is none; those whose answer was
 * lost are sent again where that is safe (`replay.ts`). It ends when the executor does not know the session any more, does not let us
 * in, or cannot be reached for 90 s.
 */
export class DurableConnection {
  readonly #options: DurableOptions
  readonly #backoff: Backoff
  readonly #listeners: SessionListener[] = []
  readonly #calls = new Set<object>()
  readonly #blockTurns = new Semaphore(BRIDGE_LIMITS.blocks)
  /** Settles when there is a connection again, or the session is over. */
  #next = deferred<Connection>()
  #state: State
  #sessionId: string
  #epoch = 1
  #lastActivityMs: number

  constructor(options: DurableOptions) {
    this.#options = options
    this.#sessionId = options.sessionId
    this.#backoff = new Backoff({ ...BRIDGE_LIMITS.backoff, random: options.random })
    this.#lastActivityMs = options.clock.now()
    this.#state = this.#readyState(options.connection)
    this.#follow(options.connection)
  }

  /** Tells `listener` from now on; one that comes after the end is told of it at once. */
  listen(listener: SessionListener): void {
    if (this.#state.kind !== 'closed') this.#listeners.push(listener)
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

  /** Counts the connections. What belongs to one, such as a file handle, is gone when it has moved on. */
  get epoch(): number {
    return this.#epoch
  }

  /** Calls that wait for their answer. */
  get callCount(): number {
    return this.#calls.size
  }

  /** When a call began or ended, or a notification came, on the clock that was given. */
  get lastActivityMs(): number {
    return this.#lastActivityMs
  }

  /** A call of this method waits for its answer on the connection there is. */
  isWaitingFor(method: keyof Methods): boolean {
    return this.#state.kind === 'ready' && this.#state.connection.isWaitingFor(method)
  }

  /**
   * Calls a method and checks its answer. `timeoutMs` is for all tries together; without it each has the method's own deadline.
   * Rejects as `Connection.call`; with `ConnectionLost` when the session is over, or the call cannot be sent again.
   */
  async call<M extends keyof Methods>(
    method: M,
    params: Methods[M]['params'],
    options: DurableCallOptions = {},
  ): Promise<Methods[M]['result']> {
    if (!BLOCKS.has(method)) return this.#call(method, params, options)
    await this.#blockTurns.acquire(options.signal)
    try {
      return await this.#call(method, params, options)
    } finally {
      this.#blockTurns.release()
    }
  }

  async #call<M extends keyof Methods>(
    method: M,
    params: Methods[M]['params'],
    options: DurableCallOptions,
  ): Promise<Methods[M]['result']> {
    this.#admit()
    const call = {}
    this.#calls.add(call)
    this.#touch()
    try {
      return await this.#tryOn(method, params, options)
    } finally {
      this.#calls.delete(call)
      this.#touch()
    }
  }

  /** Sends it until there is an answer, or it must not be sent again. */
  async #tryOn<M extends keyof Methods>(
    method: M,
    params: Methods[M]['params'],
    { signal, timeoutMs, epoch, beforeSend }: DurableCallOptions,
  ): Promise<Methods[M]['result']> {
    const { clock } = this.#options
    const sinceMs = clock.now()
    let sentIn: string | undefined
    for (let sent = 0; ; ) {
      const left = timeoutMs ? Math.max(1, timeoutMs - (clock.now() - sinceMs)) : timeoutMs
      const leave = () => {
        beforeSend?.(sentIn !== undefined)
        sentIn = this.#sessionId
      }
      try {
        const connection = await this.#connected(epoch, { signal, timeoutMs: left }, sentIn !== undefined)
        if (sentIn !== undefined && sentIn !== this.#sessionId) this.#checkOtherSession(method)
        return await connection.call(method, params, { signal, timeoutMs: left, beforeSend: leave })
      } catch (error) {
        if (!(error instanceof ConnectionLost)) throw error
        this.#checkReplay(method, error, sentIn !== undefined)
        if (error.wasSent && ++sent > BRIDGE_LIMITS.repeats) throw error
        // What need not be sent again need not wait for a connection.
        if (sentIn !== undefined) beforeSend?.(true)
      }
    }
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

  #admit(): void {
    if (this.#state.kind === 'closed') throw this.#lostError(this.#state.end, false)
    if (this.#calls.size >= BRIDGE_LIMITS.calls)
      throw new CallFailure(
        'unavailable',
        `the machine is too busy, ${this.#calls.size} calls wait for it already`,
        false,
      )
  }

  /** Throws what ends the call; returns when it is to be sent, again if it was sent before. */
  #checkReplay(method: keyof Methods, error: ConnectionLost, wasSent: boolean): void {
    if (this.#state.kind === 'closed') throw this.#lostError(this.#state.end, wasSent)
    const { replay } = REPLAY[method]
    switch (replay) {
      case 'repeat':
      case 'process-id':
        return
      case 'write-id':
        if (this.#options.hasWriteIds || !wasSent) return
        throw error
      case 'ask':
      case 'never':
        if (!wasSent) return
        throw error
      case 'connection':
        throw error
    }
  }

  /** An id under which a request was sent means something in its session only. */
  #checkOtherSession(method: keyof Methods): void {
    const { replay } = REPLAY[method]
    if (replay !== 'process-id' && replay !== 'write-id') return
    throw new CallFailure('process_lost', `${this.#lostWords()}, and the session with it`, true)
  }

  #lostError({ lost, reason, code }: SessionEnd, wasSent: boolean): ConnectionLost {
    return new ConnectionLost(lost, wasSent, reason, code)
  }

  /** The connection there is, or the next one; makes one when nobody does. */
  async #connected(epoch: number | undefined, options: CallOptions, wasSent: boolean): Promise<Connection> {
    const state = this.#state
    if (state.kind === 'closed') throw this.#lostError(state.end, false)
    if (epoch !== undefined && (epoch !== this.#epoch || state.kind !== 'ready'))
      throw new ConnectionLost(
        this.#lostWords(),
        false,
        this.#outage?.reason ?? new BridgeError('unavailable', 'lost'),
      )
    if (state.kind === 'ready') {
      state.watchdog?.watch()
      return state.connection
    }
    if (state.kind === 'idle') {
      const sinceMs = this.#options.clock.now()
      this.#redial({ ...state.outage, sinceMs, patienceMs: BRIDGE_LIMITS.idlePatienceMs })
    }
    using scope = callScope(options)
    try {
      return await waitFor(this.#next.promise, scope.signal)
    } catch (error) {
      if (!scope.signal.aborted || options.signal?.aborted) throw error
      const within = duration(options.timeoutMs ?? 0)
      throw new CallFailure('deadline', `no answer within ${within}: ${this.#lostWords()}`, wasSent)
    }
  }

  get #outage(): Outage | undefined {
    return 'outage' in this.#state ? this.#state.outage : undefined
  }

  #lostWords(): string {
    return this.#outage?.lost ?? `the connection to ${JSON.stringify(this.#options.name)} was lost`
  }

  #readyState(connection: Connection): State {
    const { clock, wallNow } = this.#options
    const { pulse } = connection
    const watchdog =
      pulse &&
      new Watchdog({
        pulse,
        clock,
        wallNow,
        isNeeded: () => this.#isNeeded(),
        // Resolves later: the end is told by `closed`.
        dead: (reason) => void connection.close(reason),
      })
    return { kind: 'ready', connection, watchdog, sinceMs: clock.now() }
  }

  #follow(connection: Connection): void {
    connection.listen({
      notification: (method, params) => {
        this.#touch()
        for (const listener of this.#listeners) listener.notification?.(method, params)
      },
      unreadable: () => this.#onUnreadable(connection),
      closed: (reason, lost) => this.#onLost(connection, reason, lost),
    })
  }

  /** Which of the calls it was is not known; on another connection each is settled. */
  #onUnreadable(connection: Connection): void {
    if (!this.#options.redial || this.#calls.size === 0) return
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
    this.#next = deferred<Connection>()
    this.#next.promise.catch(() => {})
    this.#backoff.lostAfter(clock.now() - state.sinceMs)
    const { patienceMs } = BRIDGE_LIMITS
    const outage = { sinceMs: clock.now(), lost, reason, patienceMs, atStake: this.#atStake() }
    if (this.#isNeeded()) this.#redial(outage)
    else this.#state = { kind: 'idle', outage }
  }

  /** Tries again when it is time to. */
  #redial(outage: Outage, backoffMs = this.#backoff.next()): void {
    const waitMs = this.#inTime(outage, backoffMs)
    if (waitMs === 0) return this.#dial(outage)
    const timer = this.#options.clock.after(waitMs, () => this.#dial(outage))
    this.#state = { kind: 'waiting', outage, timer }
  }

  /** A wait ends just before the executor may end the session. */
  #inTime({ sinceMs }: Outage, waitMs: number): number {
    const { clock, random } = this.#options
    const { lastChancesMs, lastChanceSpreadMs } = BRIDGE_LIMITS
    const awayMs = clock.now() - sinceMs
    const soonerMs = random() * lastChanceSpreadMs
    const missed = lastChancesMs.map((ms) => ms - soonerMs - awayMs).find((ms) => ms > 0 && ms < waitMs)
    return missed ?? waitMs
  }

  #dial(outage: Outage): void {
    const giveUp = new AbortController()
    const state: State = { kind: 'dialing', outage, giveUp }
    this.#state = state
    this.#connect(outage, giveUp.signal).then(
      (connection) => this.#onConnected(state, connection, outage),
      (error: unknown) => {
        if (this.#state === state) this.#onFailed(outage, error)
      },
    )
  }

  async #connect(outage: Outage, giveUp: AbortSignal): Promise<Connection> {
    const { name, clock, redial, greeting } = this.#options
    using scope = callScope(
      { signal: giveUp, timeoutMs: BRIDGE_LIMITS.redialTimeoutMs },
      `Connecting to ${JSON.stringify(name)}`,
    )
    const transport = await redial!({ signal: scope.signal })
    const connection = new Connection(transport, name, clock)
    // From its first word on: an executor may tell of processes before it has answered.
    this.#follow(connection)
    try {
      if (outage.atStake.length > 0) await greeting.resume(connection, this.#sessionId, scope.signal)
      else this.#sessionId = await greeting.begin(connection, scope.signal)
      return connection
    } catch (error) {
      // Resolves later: the next try need not wait for the end of this one's socket.
      void connection.close(BridgeError.from(error))
      throw error
    }
  }

  #onConnected(state: State, connection: Connection, outage: Outage): void {
    const { name, clock, logger } = this.#options
    // It was closed meanwhile; resolves later.
    if (this.#state !== state) return void connection.close(this.closedReason ?? outage.reason)
    this.#state = this.#readyState(connection)
    if (connection.closedReason) return this.#onLost(connection, connection.closedReason, outage.lost)
    logger.info(
      { environment: name, awayMs: Math.round(clock.now() - outage.sinceMs) },
      'connection restored',
    )
    // What fills the gaps goes out before what others have waited to send.
    for (const listener of this.#listeners) listener.resumed?.()
    this.#next.resolve(connection)
    if (this.#state.kind === 'ready') this.#state.watchdog?.watch()
  }

  #onFailed(outage: Outage, error: unknown): void {
    const { clock, logger, name } = this.#options
    const { message } = BridgeError.from(error)
    logger.debug({ environment: name, reason: message }, 'no connection')
    const awayMs = clock.now() - outage.sinceMs
    const verdict = verdictOn(error)
    if (verdict === 'gone') this.#giveUp(outage, `its session is gone (${message})`)
    else if (verdict === 'refused') this.#giveUp(outage, `it cannot be reached again (${message})`)
    else if (awayMs >= outage.patienceMs)
      this.#giveUp(outage, `it could not be reached for ${duration(awayMs)} (${message})`)
    else if (!this.#isNeeded()) this.#state = { kind: 'idle', outage }
    else this.#redial(outage, verdict === 'busy' ? this.#backoff.nextWhileBusy() : this.#backoff.next())
  }

  #giveUp({ lost, reason, atStake }: Outage, why: string): void {
    const gone = atStake.length > 0 ? `; lost with it: ${list(atStake)}` : ''
    this.#end({
      reason: new BridgeError('unavailable', `${reason.message}; ${why}`),
      lost: `${lost}, and ${why}${gone}`,
      code: atStake.length > 0 ? 'process_lost' : 'unavailable',
    })
  }

  #end(end: SessionEnd): void {
    this.#state = { kind: 'closed', end }
    this.#next.promise.catch(() => {})
    this.#next.reject(this.#lostError(end, false))
    for (const listener of this.#listeners.splice(0)) listener.closed?.(end.reason, end.lost)
  }

  /** Somebody waits for an answer, or for what a process does. */
  #isNeeded(): boolean {
    return this.#calls.size > 0 || this.#atStake().length > 0
  }

  #atStake(): readonly string[] {
    return this.#listeners.flatMap((listener) => listener.atStake?.() ?? [])
  }

  #touch(): void {
    this.#lastActivityMs = this.#options.clock.now()
  }
}

/** Names for a message: the first few, and how many more there are. */
function list(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(', ')
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown
}

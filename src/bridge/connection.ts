import type { Methods } from '../protocol/methods.ts'
import { RpcPeer } from '../rpc/peer.ts'
import type { Pulse, Transport } from '../rpc/transport.ts'
import type { Clock } from '../util/clock.ts'
import { durationText } from '../util/duration.ts'
import { BridgeError } from '../util/errors.ts'
import { Semaphore } from '../util/semaphore.ts'
import { type CallOptions, callScope } from '../util/signals.ts'
import { CallFailure, ConnectionLost } from './call-failure.ts'
import { BRIDGE_LIMITS, DEADLINE_MS } from './limits.ts'
import { type LineCall, onItsWay } from './on-its-way.ts'
import { parseResult } from './results.ts'

export interface ConnectionCallOptions extends CallOptions {
  /** Called when its turn has come, just before it leaves; what it throws ends the call. */
  readonly beforeSend?: () => void
}

/** Told what comes over a connection. None of it may throw. */
export interface ConnectionListener {
  /** A notification, in the order of the wire, before the answers that come after it. */
  notification?(method: string, params: unknown): void
  /** The executor could not read something that was sent: a call may never be answered. */
  unreadable?(): void
  /** It is over, for this reason; `lost` says so in words: to what, since when, why. */
  closed?(reason: BridgeError, lost: string): void
}

interface Call extends LineCall {
  readonly sinceMs: number
  /** It has left; before that it waits for its turn. */
  wasSent: boolean
  sentBytes?: number | undefined
}

/** These wait for no turn: they end what holds others up, or are what it holds up. */
const AT_ONCE: ReadonlySet<keyof Methods> = new Set([
  'process/write',
  'process/closeStdin',
  'process/signal',
  'process/terminate',
  'relay/end',
])

/** The wire to one executor: its methods, typed and checked, each with a deadline. */
export class Connection {
  readonly #peer: RpcPeer
  readonly #clock: Clock
  readonly #calls = new Set<Call>()
  readonly #turns = new Semaphore(BRIDGE_LIMITS.unansweredCalls)
  readonly #listeners: ConnectionListener[] = []
  /** See `Transport.pulse`. */
  readonly pulse: Pulse | undefined
  #lost = ''

  /** Takes the transport over. `name` is the environment's, for messages. */
  constructor(transport: Transport, name: string, clock: Clock) {
    this.#clock = clock
    this.pulse = transport.pulse
    this.#peer = new RpcPeer(transport, {
      notification: (method, params) => {
        for (const listener of this.#listeners) listener.notification?.(method, params)
      },
      unreadable: () => {
        for (const listener of this.#listeners) listener.unreadable?.()
      },
      closed: (reason) => {
        const since = new Date().toISOString()
        this.#lost = `the connection to ${JSON.stringify(name)} ended at ${since} (${reason.message})`
        for (const listener of this.#listeners) listener.closed?.(reason, this.#lost)
      },
    })
  }

  /** Tells `listener` from now on; one that comes after the end is told of it at once. */
  listen(listener: ConnectionListener): void {
    if (this.closedReason) listener.closed?.(this.closedReason, this.#lost)
    else this.#listeners.push(listener)
  }

  /** Why it is over; undefined while it lives. */
  get closedReason(): BridgeError | undefined {
    return this.#peer.closedReason
  }

  get maxMessageBytes(): number {
    return this.#peer.maxMessageBytes
  }

  /** A call of this method waits for its answer. */
  isWaitingFor(method: keyof Methods): boolean {
    return [...this.#calls].some((call) => call.method === method)
  }

  /**
   * Calls a method and checks its answer. `timeoutMs` takes the place of the method's own deadline; either is longer on a slow line
   * that moves (`onItsWay`). Rejects with `RpcError` (refused), `CallFailure` (`ConnectionLost` is one), or the reason of the caller's
   * signal.
   */
  async call<M extends keyof Methods>(
    method: M,
    params: Methods[M]['params'],
    options: ConnectionCallOptions = {},
  ): Promise<Methods[M]['result']> {
    const { closedReason } = this
    if (closedReason) throw new ConnectionLost(this.#lost, false, closedReason)
    const call: Call & { method: M } = { method, sinceMs: this.#clock.now(), wasSent: false }
    const limits = { ...options, timeoutMs: options.timeoutMs ?? DEADLINE_MS[method] }
    using scope = callScope(limits, method, this.pulse && onItsWay(this.pulse, call))
    this.#calls.add(call)
    try {
      return parseResult(method, await this.#send(call, params, { ...options, signal: scope.signal }))
    } catch (error) {
      throw this.#explain(error, call, limits)
    } finally {
      this.#calls.delete(call)
    }
  }

  /** Sends a notification. An exec-server knows one, and ends a connection that sends another. */
  notify(method: 'initialized', params: object): void {
    this.#peer.notify(method, params)
  }

  /** Ends it; those who wait get `reason`. Resolves when nothing is left of it. */
  close(reason: BridgeError): Promise<void> {
    return this.#peer.close(reason)
  }

  /** Sends a request when its turn has come, which is at once while little is under way. */
  async #send<M extends keyof Methods>(
    call: Call & { readonly method: M },
    params: Methods[M]['params'],
    { signal, beforeSend }: ConnectionCallOptions,
  ): Promise<unknown> {
    const needsTurn = !AT_ONCE.has(call.method)
    if (needsTurn && !this.#turns.tryAcquire()) await this.#turns.acquire(signal)
    try {
      if (!this.closedReason) {
        beforeSend?.()
        call.wasSent = true
      }
      const answer = this.#peer.request(call.method, params, { signal })
      call.sentBytes = this.pulse?.sentBytes
      return await answer
    } finally {
      if (needsTurn) this.#turns.release()
    }
  }

  #explain(error: unknown, call: Call, { signal, timeoutMs }: CallOptions): unknown {
    const { closedReason } = this
    if (closedReason && error === closedReason)
      return new ConnectionLost(this.#lost, call.wasSent, closedReason)
    if (signal?.aborted || !(error instanceof BridgeError) || error.code !== 'deadline') return error
    const what = `no answer from the executor within ${durationText(timeoutMs ?? 0)}${this.#blocker(call)}`
    return new CallFailure('deadline', what, call.wasSent)
  }

  /** An executor answers in order unless it is told otherwise: the oldest call that waits may be what holds the others. */
  #blocker(late: Call): string {
    const [oldest] = [...this.#calls].filter((call) => call !== late && call.sinceMs <= late.sinceMs)
    if (!oldest) return ''
    const since = durationText(this.#clock.now() - oldest.sinceMs)
    const what = `; it has been at ${oldest.method} for ${since}`
    return oldest.method === 'process/write'
      ? `${what}: terminate the process that does not read its input`
      : what
  }
}

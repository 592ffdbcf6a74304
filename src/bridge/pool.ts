import { AsyncCache } from '../util/async-cache.ts'
import { type Clock, systemClock } from '../util/clock.ts'
import { BridgeError } from '../util/errors.ts'
import { type Logger, silentLogger } from '../util/log.ts'
import { type CallOptions, callScope, throwIfAborted, waitFor } from '../util/signals.ts'
import { BridgeClient } from './client.ts'
import { type BridgeTarget, dialTarget } from './dial-target.ts'
import { BRIDGE_LIMITS } from './limits.ts'

export interface BridgePoolOptions {
  readonly clock?: Clock
  readonly logger?: Logger
  /** Most connections at a time; 512 unless said otherwise. */
  readonly maxConnections?: number
  /** How long a dial may take, handshake included; 10 s unless said otherwise. */
  readonly dialTimeoutMs?: number
}

interface Kept {
  readonly client: BridgeClient
  /** When somebody asked for it last. */
  usedMs: number
}

/**
 * The connections to machines: made at first use, one for each key, shared by all who ask at the same time, and closed
 * when nothing has happened on them for 5 min. Each comes back by itself when it is lost; one whose session ends, or that cannot
 * be made at first, is forgotten, so the next use begins anew. A
 * machine that is slow or dead holds up nobody but those who ask for it.
 */
export class BridgePool implements AsyncDisposable {
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #maxConnections: number
  readonly #dialTimeoutMs: number
  readonly #dials = new AsyncCache<string, BridgeClient>()
  readonly #kept = new Map<string, Kept>()
  readonly #ended = new AbortController()
  #sweep: Disposable | undefined

  constructor(options: BridgePoolOptions = {}) {
    this.#clock = options.clock ?? systemClock
    this.#logger = options.logger ?? silentLogger
    this.#maxConnections = options.maxConnections ?? BRIDGE_LIMITS.connections
    this.#dialTimeoutMs = options.dialTimeoutMs ?? BRIDGE_LIMITS.dialTimeoutMs
  }

  /** The machine, connected. A caller who gives up leaves the dial to the others; it ends after 10 s by itself. */
  async get(target: BridgeTarget, signal?: AbortSignal): Promise<BridgeClient> {
    throwIfAborted(this.#ended.signal)
    const { key } = target
    const kept = this.#kept.get(key)
    if (kept) kept.usedMs = this.#clock.now()
    return waitFor(
      this.#dials.get(key, () => this.#begin(target)),
      signal,
    )
  }

  /** The client of that key, if it is connected now. */
  connected(key: string): BridgeClient | undefined {
    const client = this.#kept.get(key)?.client
    return client?.isConnected ? client : undefined
  }

  /** Closes everything, dials too, and resolves when nothing is left. Who still waits is told so. */
  async [Symbol.asyncDispose](): Promise<void> {
    const reason = new BridgeError('unavailable', 'the server is shutting down')
    this.#ended.abort(reason)
    this.#sweep?.[Symbol.dispose]()
    const clients = [...this.#dials.entries()].map(([, client]) => client)
    await Promise.allSettled(clients.map(async (client) => (await client).close(reason)))
  }

  #begin(target: BridgeTarget): Promise<BridgeClient> {
    this.#makeRoom(target.name)
    const dialled = this.#dial(target)
    // A failed dial is for those who wait for it.
    dialled.then((client) => this.#keep(target, client, dialled)).catch(() => {})
    return dialled
  }

  async #dial(target: BridgeTarget): Promise<BridgeClient> {
    const { name } = target
    const clock = this.#clock
    const { rotationMs } = BRIDGE_LIMITS
    const redial = (options: CallOptions) => dialTarget(target, { ...options, clock, rotationMs })
    const timeoutMs = this.#dialTimeoutMs
    using scope = callScope(
      { signal: this.#ended.signal, timeoutMs },
      `Connecting to ${JSON.stringify(name)}`,
    )
    const { signal } = scope
    try {
      const transport = await dialTarget(target, { signal, clock, rotationMs: 0 })
      const life = { name, redial, clock, logger: this.#logger }
      return await BridgeClient.open(transport, { ...life, signal, timeoutMs })
    } catch (error) {
      throw signal.aborted && !this.#ended.signal.aborted ? tooLate(name, timeoutMs) : error
    }
  }

  #keep({ key, name }: BridgeTarget, client: BridgeClient, dialled: Promise<BridgeClient>): void {
    this.#kept.set(key, { client, usedMs: this.#clock.now() })
    this.#logger.info({ environment: name, roundTripMs: Math.round(client.roundTripMs) }, 'connected')
    client.onClosed((reason) => {
      this.#dials.delete(key, dialled)
      if (this.#kept.get(key)?.client === client) this.#kept.delete(key)
      this.#logger.info({ environment: name, reason: reason.message }, 'connection closed')
    })
    this.#watchIdle()
  }

  /** Looks now and then for connections that nobody has used for long. */
  #watchIdle(): void {
    if (this.#kept.size === 0 || this.#ended.signal.aborted) return
    this.#sweep ??= this.#clock.after(BRIDGE_LIMITS.sweepMs, () => {
      this.#sweep = undefined
      for (const kept of this.#idle())
        if (this.#clock.now() - usedMs(kept) >= BRIDGE_LIMITS.idleMs)
          retire(kept, 'nothing happened on it for 5 min')
      this.#watchIdle()
    })
  }

  #makeRoom(name: string): void {
    if (this.#dials.size < this.#maxConnections) return
    const [oldest] = this.#idle()
    if (!oldest)
      throw new BridgeError(
        'unavailable',
        `Cannot connect to ${JSON.stringify(name)}: ${this.#maxConnections} connections are open, and all are in use`,
      )
    retire(oldest, 'its place is needed')
  }

  /** Connections that can be closed, the longest unused first. */
  #idle(): Kept[] {
    const idle = [...this.#kept.values()].filter(({ client }) => client.isIdle)
    return idle.sort((a, b) => usedMs(a) - usedMs(b))
  }
}

function usedMs(kept: Kept): number {
  return Math.max(kept.usedMs, kept.client.lastActivityMs)
}

function retire({ client }: Kept, why: string): void {
  // Resolves later: whoever needs its place need not wait for the end of its socket.
  void client.close(new BridgeError('unavailable', why))
}

function tooLate(name: string, timeoutMs: number): BridgeError {
  const what = `no answer within ${timeoutMs / 1000} s`
  return new BridgeError(
    'unavailable',
    `Cannot connect to ${JSON.stringify(name)}: ${what}, the machine or the way to it is down or slow`,
  )
}

import { setMaxListeners } from 'node:events'
import { deferred } from '../util/deferred.ts'
import { BridgeError } from '../util/errors.ts'
import { type CallOptions, callScope, reasonOf } from '../util/signals.ts'
import { RPC_LIMITS } from './limits.ts'
import { encodeMessage, parseMessage, type RpcErrorBody, type RpcId, type RpcMessage } from './message.ts'
import type { Frame, Transport } from './transport.ts'

/** What the other end said instead of a result. `rpcCode` is the number of the wire. */
export class RpcError extends BridgeError {
  readonly rpcCode: number
  readonly data: unknown

  constructor({ code, message, data }: RpcErrorBody) {
    super('internal', message)
    this.name = 'RpcError'
    this.rpcCode = code
    this.data = data
  }
}

/** What a peer does with what the other end sends of itself. None of it may throw, but `request` may reject. */
export interface PeerHandlers {
  /** Answers a request: its result, or a rejection (an `RpcError` keeps its number, others become -32603). */
  request?(method: string, params: unknown, signal: AbortSignal): Promise<unknown>
  /** A notification, called in the order of the wire, before any answer that came after it is delivered. */
  notification?(method: string, params: unknown): void
  /** What to answer, with id -1, to what is not JSON-RPC, as a stock exec-server does. Without it the peer ends. */
  malformed?(): RpcErrorBody
  /** The other end says that it could not read something: a request of ours may never be answered. */
  unreadable?(): void
  /** The peer is over. Every request that waited has been rejected with the same reason. */
  closed?(reason: BridgeError): void
}

/** In the place of the id of what could not be read, as exec-servers have it. Ours begin with 1. */
const UNREADABLE_ID = -1

interface Pending {
  readonly method: string
  settle(message: Extract<RpcMessage, { kind: 'result' | 'error' }>): void
  fail(reason: BridgeError): void
}

/**
 * JSON-RPC 2.0 over a transport, both ways, many requests at a time. It has one way out (`#end`): the first
 * reason is given to everyone who waits, and to everyone who comes later.
 */
export class RpcPeer {
  readonly #transport: Transport
  readonly #handlers: PeerHandlers
  readonly #pending = new Map<RpcId, Pending>()
  readonly #ended = new AbortController()
  readonly #gone = deferred<void>()
  #lastId = 0
  #reason: BridgeError | undefined

  /** Takes the transport over: starts it, and closes it in the end. */
  constructor(transport: Transport, handlers: PeerHandlers = {}) {
    this.#transport = transport
    this.#handlers = handlers
    // Every request that is being answered may listen to it.
    setMaxListeners(0, this.#ended.signal)
    transport.start({
      frame: (data) => this.#receive(data),
      closed: (reason) => {
        this.#end(BridgeError.from(reason, 'unavailable'))
        this.#gone.resolve()
      },
    })
  }

  /** Why the peer is over; undefined while it lives. */
  get closedReason(): BridgeError | undefined {
    return this.#reason
  }

  /** Requests that wait for their answer. */
  get pendingCount(): number {
    return this.#pending.size
  }

  get maxMessageBytes(): number {
    return this.#transport.maxMessageBytes
  }

  /**
   * Sends a request and waits for its result. Rejects with `RpcError` when the other end refuses, with the reason
   * of the end when the connection is lost (the request may have been carried out), with the signal's reason when
   * the caller gives up (its answer is then ignored), and with `unavailable` before sending when too many wait.
   */
  async request(method: string, params: unknown, options: CallOptions = {}): Promise<unknown> {
    if (this.#reason) throw this.#reason
    if (this.#pending.size >= RPC_LIMITS.maxPending)
      throw new BridgeError(
        'unavailable',
        `Too busy: ${this.#pending.size} calls wait on this connection already`,
      )
    using scope = callScope(options, method)
    if (scope.signal.aborted) throw reasonOf(scope.signal)
    const id = ++this.#lastId
    try {
      return await new Promise((resolve, reject) => {
        scope.signal.addEventListener('abort', () => reject(reasonOf(scope.signal)), { once: true })
        this.#pending.set(id, {
          method,
          settle: (message) =>
            message.kind === 'result' ? resolve(message.result) : reject(new RpcError(message.error)),
          fail: reject,
        })
        // Not kept in a variable: a call may wait for long, and its message need not.
        this.#transport.send(this.#encode({ id, method, params }))
      })
    } finally {
      this.#pending.delete(id)
    }
  }

  /** Sends a notification; dropped when the peer is over. */
  notify(method: string, params: unknown): void {
    if (!this.#reason) this.#transport.send(this.#encode({ method, params }))
  }

  /** Resolves when more may be sent without piling it up, or when the peer is over. */
  drained(): Promise<void> {
    return this.#transport.drained()
  }

  /** Ends the peer and its transport; those who wait get `reason` at once. Resolves when the transport is gone. */
  close(reason: BridgeError): Promise<void> {
    this.#end(reason)
    return this.#gone.promise
  }

  #encode(message: { id?: RpcId; method: string; params: unknown }): Frame {
    return this.#checkSize(message.method, encodeMessage(message))
  }

  #checkSize(what: string, frame: Frame): Frame {
    const { maxMessageBytes } = this.#transport
    if (frame.byteLength <= maxMessageBytes) return frame
    throw new BridgeError(
      'invalid_input',
      `${what} needs a message of ${frame.byteLength} bytes: the other end takes ${maxMessageBytes}`,
    )
  }

  #receive(data: Frame): void {
    const message = parseMessage(data)
    if (!message) return this.#onMalformed()
    switch (message.kind) {
      case 'request':
        // Answered in its own time; never rejects.
        void this.#answer(message.id, message.method, message.params)
        return
      case 'notification':
        this.#handlers.notification?.(message.method, message.params)
        return
      case 'result':
      case 'error':
        if (message.id === null || message.id === UNREADABLE_ID) this.#handlers.unreadable?.()
        // An answer nobody waits for is one to a call that was given up, or a second one: ignored.
        if (message.id !== null) this.#pending.get(message.id)?.settle(message)
        return
    }
  }

  #onMalformed(): void {
    const error = this.#handlers.malformed?.()
    if (error) this.#transport.send(encodeMessage({ id: UNREADABLE_ID, error }))
    else this.#end(new BridgeError('unavailable', 'The other end sent something that is not JSON-RPC'))
  }

  async #answer(id: RpcId, method: string, params: unknown): Promise<void> {
    let frame: Frame
    try {
      if (!this.#handlers.request)
        throw new RpcError({ code: -32601, message: `Method not found: ${method}` })
      const result = await this.#handlers.request(method, params, this.#ended.signal)
      frame = this.#checkSize(`The answer to ${method}`, encodeMessage({ id, result: result ?? null }))
    } catch (error) {
      frame = encodeMessage({ id, error: errorBody(error) })
    }
    if (!this.#reason) this.#transport.send(frame)
  }

  #end(reason: BridgeError): void {
    if (this.#reason) return
    this.#reason = reason
    this.#transport.close(reason)
    this.#ended.abort(reason)
    for (const pending of [...this.#pending.values()]) pending.fail(reason)
    this.#handlers.closed?.(reason)
  }
}

function errorBody(error: unknown): RpcErrorBody {
  if (error instanceof RpcError)
    return {
      code: error.rpcCode,
      message: error.message,
      ...(error.data === undefined ? {} : { data: error.data }),
    }
  return { code: -32603, message: BridgeError.from(error).message }
}

import { type EnvironmentInfoResult, RPC_CODES } from '../protocol/methods.ts'
import { RpcPeer } from '../rpc/peer.ts'
import type { Transport } from '../rpc/transport.ts'
import { deferred } from '../util/deferred.ts'
import { BridgeError } from '../util/errors.ts'
import type { Call, MethodTable } from './call.ts'
import { environmentInfoFrom } from './environment-info.ts'
import { FILE_METHODS, walkFiles } from './file-methods.ts'
import { Guests } from './guests.ts'
import { EXECUTOR_LIMITS } from './limits.ts'
import type { LocalExecutor } from './local.ts'
import { OpenFiles } from './open-files.ts'
import { Params } from './params.ts'
import { PROCESS_METHODS } from './process-methods.ts'
import { RELAY_METHODS } from './relay-methods.ts'
import type { Session } from './session.ts'
import type { Sessions } from './sessions.ts'
import { SHARED_METHODS } from './shared-methods.ts'
import { wireError, wireErrorFrom } from './wire-error.ts'

/** One connection that is served. Ending it leaves its session to `Sessions`. */
export interface ServedConnection {
  /** Resolves when it is over, whoever ended it. */
  readonly closed: Promise<void>
  /** Resolves when nothing is left of it. */
  close(reason: BridgeError): Promise<void>
}

/**
 * Speaks the exec-server protocol with one client, as a stock `codex exec-server` from 0.143 on does (PROTOCOL.md), many
 * requests at a time. Takes the transport over.
 */
export function serveExecutor(transport: Transport, sessions: Sessions): ServedConnection {
  return new Connection(transport, sessions)
}

/** How far the greeting has come: nothing, `initialize`, `initialized`. */
type State = { readonly kind: 'new' } | { readonly kind: 'greeted' | 'ready'; readonly session: Session }

class Connection implements ServedConnection {
  readonly closed: Promise<void>
  readonly #over = deferred<void>()
  readonly #sessions: Sessions
  readonly #peer: RpcPeer
  readonly #files = new OpenFiles()
  readonly #guests: Guests
  #state: State = { kind: 'new' }
  #requests = 0

  constructor(transport: Transport, sessions: Sessions) {
    this.closed = this.#over.promise
    this.#sessions = sessions
    this.#peer = new RpcPeer(transport, {
      request: (method, params, signal) => this.#request(method, params, signal),
      notification: (method) => this.#notification(method),
      malformed: () => ({ code: RPC_CODES.invalidRequest, message: 'failed to parse JSON-RPC message' }),
      closed: () => this.#closed(),
    })
    this.#guests = new Guests(sessions, this.#peer)
  }

  close(reason: BridgeError): Promise<void> {
    return this.#peer.close(reason)
  }

  async #request(method: string, raw: unknown, signal: AbortSignal): Promise<unknown> {
    if (this.#requests >= EXECUTOR_LIMITS.requests)
      throw wireError('invalidRequest', `${this.#requests} requests are being worked on: wait for an answer`)
    this.#requests++
    try {
      return await this.#answer(method, raw, signal)
    } catch (error) {
      throw wireErrorFrom(error)
    } finally {
      this.#requests--
    }
  }

  async #answer(method: string, raw: unknown, signal: AbortSignal): Promise<unknown> {
    if (method === 'initialize') return this.#initialize(new Params(raw))
    const answer = METHODS.get(method)
    if (!answer) throw wireError('methodNotFound', `exec-server stub does not implement \`${method}\` yet`)
    const session = this.#readySession()
    return answer({
      params: new Params(raw),
      session,
      sessions: this.#sessions,
      guests: this.#guests,
      sessionOf: (id) => (session.child(id) ? session : (this.#guests.find(id) ?? session)),
      executor: session.executor,
      files: this.#files,
      signal,
      // In base64, with room for the envelope.
      maxFileBytes: Math.floor((this.#peer.maxMessageBytes - 4096) / 4) * 3,
      drained: () => this.#peer.drained(),
    })
  }

  #initialize(params: Params): object {
    if (this.#state.kind !== 'new')
      throw wireError('invalidRequest', 'initialize may only be sent once per connection')
    params.string('clientName')
    const resumeSessionId = params.has('resumeSessionId') ? params.string('resumeSessionId') : undefined
    const session = this.#sessions.attach(this.#peer, resumeSessionId)
    this.#state = { kind: 'greeted', session }
    return { sessionId: session.id, environmentInfo: infoOf(session.executor, this.#sessions) }
  }

  #readySession(): Session {
    switch (this.#state.kind) {
      case 'new':
        throw wireError('invalidRequest', 'client must call initialize before using exec methods')
      case 'greeted':
        throw wireError('invalidRequest', 'client must send initialized before using exec methods')
      case 'ready':
        return this.#state.session
    }
  }

  /** There is only one, and only after the greeting: whoever sends another is no client. */
  #notification(method: string): void {
    if (method === 'initialized' && this.#state.kind !== 'new') {
      this.#state = { kind: 'ready', session: this.#state.session }
      return
    }
    const reason = new BridgeError('invalid_input', `Notification ${JSON.stringify(method)} is not expected`)
    // Resolves later: the end is told by `closed`.
    void this.#peer.close(reason)
  }

  #closed(): void {
    // Never rejects.
    void this.#files.closeAll()
    this.#guests[Symbol.dispose]()
    if (this.#state.kind !== 'new') this.#sessions.detach(this.#state.session, this.#peer)
    this.#over.resolve()
  }
}

function infoOf({ info, features }: LocalExecutor, sessions: Sessions): EnvironmentInfoResult {
  const { isShared: sharesProcesses, rememberedMs } = sessions
  return environmentInfoFrom(info, { sharesProcesses, rememberedMs, relays: features.relay })
}

const TABLE: MethodTable = {
  ...PROCESS_METHODS,
  ...FILE_METHODS,
  ...SHARED_METHODS,
  ...RELAY_METHODS,
  'environment/info': async ({ executor, sessions }) => infoOf(executor, sessions),
}

const METHODS = new Map<string, (call: Call) => Promise<unknown>>([
  ...Object.entries(TABLE),
  // Asked by codex's own client only.
  ['environment/status', async () => ({ status: 'ready' })],
  ['fs/walk', walkFiles],
])

import { randomUUID } from 'node:crypto'
import type { WebSocket } from 'ws'
import type { Credential } from '../credentials/credential.ts'
import { credentialFromFile } from '../credentials/from-file.ts'
import { pacedTransport } from '../rpc/paced.ts'
import { Backoff } from '../util/backoff.ts'
import { type Clock, systemClock } from '../util/clock.ts'
import { deferred } from '../util/deferred.ts'
import { BridgeError } from '../util/errors.ts'
import { type Logger, silentLogger } from '../util/log.ts'
import { waitFor } from '../util/signals.ts'
import { dialGateway } from './dial-gateway.ts'
import { keepAlive } from './keep-alive.ts'
import { EXECUTOR_LIMITS } from './limits.ts'
import { register } from './register.ts'
import { RelayStreams } from './relay-streams.ts'
import { type ServedConnection, serveExecutor } from './serve.ts'
import { Sessions, type SessionsOptions } from './sessions.ts'
import { nameInToken } from './token-name.ts'

export interface JoinOptions {
  /** The gateway: `http://…` or `https://…`. */
  readonly url: string
  /** The file with the join token; it is read at each registration. */
  readonly tokenFile: string
  /** What the executor is called there; undefined: as its token says. */
  readonly name?: string | undefined
  readonly description?: string | undefined
  readonly executor?: SessionsOptions | undefined
  readonly logger?: Logger | undefined
  /** Called at each connection, with the name it has there. Must not throw. */
  readonly onConnected?: ((name: string) => void) | undefined
  readonly random?: (() => number) | undefined
}

/** An executor that is, or will be, connected to a gateway. */
export interface JoinedExecutor {
  /** Ends the connection, and kills what runs. Resolves when nothing is left. */
  close(): Promise<void>
}

/**
 * This machine as an executor of a gateway, which it dials: many clients over one socket, in relay frames. It comes back by
 * itself after any loss, without end, registering anew each time; its sessions go on meanwhile. Rejects, before it tries, when
 * the token cannot be read or leaves the name open; later that too is a reason to try again.
 */
export async function joinExecutor(options: JoinOptions): Promise<JoinedExecutor> {
  const token = credentialFromFile(options.tokenFile, options.executor?.clock)
  nameFrom(options.name, await token.read())
  return new Joining(options, token)
}

function nameFrom(given: string | undefined, token: string): string {
  const name = given ?? nameInToken(token)
  if (name !== undefined) return name
  const state = 'the token tells no name, as one of "env-mcp gateway token join" does'
  throw new BridgeError('invalid_input', `Cannot join: ${state}: take such a one, or give --name`)
}

class Joining implements JoinedExecutor {
  readonly #options: JoinOptions
  readonly #token: Credential
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #sessions: Sessions
  readonly #backoff: Backoff
  readonly #processId = `env-mcp-${randomUUID()}`
  readonly #stopped = new AbortController()
  readonly #running: Promise<void>

  constructor(options: JoinOptions, token: Credential) {
    this.#options = options
    this.#token = token
    this.#clock = options.executor?.clock ?? systemClock
    this.#logger = options.logger ?? silentLogger
    this.#sessions = new Sessions({ ...options.executor, gatewayUrl: options.url })
    const { retryFirstMs, retryMostMs, healthyMs, briefMs } = EXECUTOR_LIMITS
    const times = { firstMs: retryFirstMs, mostMs: retryMostMs, healthyMs, briefMs }
    this.#backoff = new Backoff(options.random ? { ...times, random: options.random } : times)
    this.#running = this.#run()
  }

  async close(): Promise<void> {
    this.#stopped.abort(new BridgeError('unavailable', 'The executor is closing'))
    await this.#running
    await this.#sessions[Symbol.asyncDispose]()
  }

  /** Until it is stopped. Never rejects. */
  async #run(): Promise<void> {
    const { signal } = this.#stopped
    while (!signal.aborted) {
      const reason = await this.#connectOnce().catch((error: unknown) => BridgeError.from(error))
      if (signal.aborted) return
      const waitMs = Math.round(this.#backoff.next())
      this.#logger.warn({ code: reason.code, reason: reason.message, waitMs }, 'not connected to the gateway')
      await this.#pause(waitMs)
    }
  }

  /** Registers, connects, and serves; gives the reason why that is over. */
  async #connectOnce(): Promise<BridgeError> {
    const { url, description, onConnected } = this.#options
    const { signal } = this.#stopped
    const token = await this.#token.read()
    const name = nameFrom(this.#options.name, token)
    const request = { gatewayUrl: url, name, token, processId: this.#processId, description }
    const address = await register(request, { signal })
    const socket = await dialGateway(address, { signal })
    const since = this.#clock.now()
    this.#logger.info({ name }, 'connected to the gateway')
    onConnected?.(name)
    const reason = await this.#serve(socket, signal)
    this.#backoff.lostAfter(this.#clock.now() - since)
    return reason
  }

  /** Until the socket is over, and all that was served on it. */
  async #serve(socket: WebSocket, signal: AbortSignal): Promise<BridgeError> {
    const over = deferred<BridgeError>()
    const connections = new Set<ServedConnection>()
    const streams = new RelayStreams(pacedTransport(socket, this.#clock), {
      opened: (stream) => {
        const connection = serveExecutor(stream, this.#sessions)
        connections.add(connection)
        void connection.closed.then(() => connections.delete(connection))
      },
      closed: (reason) => over.resolve(BridgeError.from(reason, 'unavailable')),
    })
    const stop = () => streams.close(BridgeError.from(signal.reason))
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    using _ = keepAlive(socket, this.#clock)
    socket.resume()
    try {
      return await over.promise
    } finally {
      signal.removeEventListener('abort', stop)
      await Promise.all([...connections].map(({ closed }) => closed))
    }
  }

  /** Not longer than until there is another token: it may have been why. */
  async #pause(ms: number): Promise<void> {
    const over = deferred<void>()
    using _timer = this.#clock.after(ms, over.resolve)
    using _watch = this.#token.onChange?.(over.resolve)
    // Stopped: the loop sees it.
    await waitFor(over.promise, this.#stopped.signal).catch(() => {})
  }
}

import type { WebSocket } from 'ws'
import type { Clock } from '../util/clock.ts'
import type { Ask } from './ask.ts'
import { Connection } from './connection.ts'
import type { Connections } from './connections.ts'
import type { Executor } from './executor.ts'
import { FrameSocket } from './frame-socket.ts'
import type { Gate } from './gate.ts'
import { HttpError } from './http-error.ts'
import type { GatewayLimits } from './limits.ts'
import type { NoiseHarness } from './link.ts'
import { linkOf } from './link-of.ts'
import { isLive } from './presence.ts'
import type { Registration, Registrations } from './registrations.ts'
import type { Registry } from './registry.ts'
import type { SocketRoute } from './routes.ts'

export interface DialInOptions {
  readonly gate: Gate
  readonly registry: Registry
  readonly registrations: Registrations
  readonly connections: Connections
  readonly noise: NoiseHarness
  readonly clock: Clock
  readonly limits: GatewayLimits
}

/**
 * Where registered executors connect. The refusals are those after which a stock executor comes back by itself: 409 makes
 * it register again, 503 try again later.
 */
export function dialInRoute(options: DialInOptions): SocketRoute {
  const dialIn = new DialIn(options)
  return {
    path: '/executor/:ticket',
    maxMessageBytes: options.limits.maxExecutorMessageBytes,
    connect: (ask, accept) => dialIn.connect(ask, accept),
  }
}

class DialIn {
  readonly #options: DialInOptions

  constructor(options: DialInOptions) {
    this.#options = options
  }

  async connect(ask: Ask, accept: (take: (socket: WebSocket) => void) => void): Promise<void> {
    const registration = this.#registrationOf(ask)
    this.#options.gate.join(ask, registration.joinToken)
    const executor = this.#options.registry.find(registration.workspaceId, registration.exeId)
    if (!executor) throw new Error('Internal: a registration without an executor')
    await this.#makeWay(executor, registration, ask)
    accept((socket) => this.#take(socket, executor, registration, ask))
  }

  #registrationOf(ask: Ask): Registration {
    const { gate, registrations } = this.#options
    const ticket = ask.params.ticket!
    const registration = registrations.byTicket(ticket)
    if (registration) return registration
    if (!registrations.isOld(ticket)) gate.failed(ask, ticket, 'A ticket that was never given out')
    throw new HttpError(409, 'This address is no longer good: register again')
  }

  /**
   * Sees to it that the executor's place is free: the same process takes it from itself, and anybody takes it from one that no
   * longer answers; another machine that lives keeps it.
   */
  async #makeWay(executor: Executor, registration: Registration, ask: Ask): Promise<void> {
    const { clock, limits } = this.#options
    const { connection } = executor
    if (!connection || connection.identity === registration.identity) return
    if (!(await isLive(connection.socket, clock, limits)) && executor.connection === connection) return
    if (!executor.connection) return
    this.#options.connections.refuse(executor, ask.address)
    throw new HttpError(
      503,
      `Another machine is connected as "${executor.record.name}": stop it, or join under another name`,
    )
  }

  #take(webSocket: WebSocket, executor: Executor, registration: Registration, ask: Ask): void {
    const { clock, limits, connections, noise } = this.#options
    const binary = registration.era === 'relay' || registration.era === 'noise'
    const highWaterBytes = limits.executorHighWaterBytes
    const socket = new FrameSocket(webSocket, { binary, pongs: true, highWaterBytes, clock })
    const link = linkOf(registration, socket, noise, limits)
    const { identity } = registration
    connections.take(
      executor,
      new Connection({ link, socket, identity, address: ask.address }, clock, limits),
    )
  }
}

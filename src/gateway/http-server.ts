import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { BridgeError } from '../util/errors.ts'
import type { Logger } from '../util/log.ts'
import { addressOf } from './address.ts'
import { refuseUpgrade, writeAnswer } from './answers.ts'
import type { Ask } from './ask.ts'
import { endBadConnections } from './bad-connections.ts'
import { HttpError } from './http-error.ts'
import type { GatewayLimits } from './limits.ts'
import { type Route, routesAt, type SocketRoute } from './routes.ts'

export interface HttpServerOptions {
  readonly host: string
  readonly port: number
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | undefined
  readonly isBehindProxy: boolean
  /** Goes before every path, as a proxy may leave it there. */
  readonly prefix: string
  readonly isHostOurs: (host: string | undefined) => boolean
  readonly limits: GatewayLimits
  readonly logger: Logger
  readonly routes: readonly Route[]
  readonly socketRoutes: readonly SocketRoute[]
  /** Told of every request that was refused. */
  readonly refused: (ask: Pick<Ask, 'route' | 'address'>, status: number, why: string) => void
}

/** A server on one port. Everything that comes in is bounded in size and time before anybody looks at it. */
export class HttpServer {
  readonly #options: HttpServerOptions
  readonly #server: Server
  readonly #connections = new Set<Socket>()
  readonly #upgraders: ReadonlyMap<SocketRoute, WebSocketServer>

  constructor(options: HttpServerOptions) {
    this.#options = options
    this.#server = makeServer(options)
    this.#upgraders = new Map(options.socketRoutes.map((route) => [route, makeUpgrader(route)]))
    // Never rejects: it answers whatever went wrong.
    this.#server.on('request', (request, response) => void this.#onRequest(request, response))
    this.#server.on('upgrade', (request, socket, head) => void this.#onUpgrade(request, socket, head))
    endBadConnections(this.#server, ({ address, status, why }) =>
      options.refused({ route: 'none', address }, status, why),
    )
    this.#server.on('connection', (socket: Socket) => {
      this.#connections.add(socket)
      socket.once('close', () => this.#connections.delete(socket))
    })
  }

  /** Listens; gives the port. Rejects with `unavailable` when the address cannot be had. */
  async listen(): Promise<number> {
    const { host, port } = this.#options
    this.#server.listen(port, host)
    try {
      await once(this.#server, 'listening')
    } catch (error) {
      const { message } = BridgeError.from(error)
      throw new BridgeError('unavailable', `Cannot listen on ${host}:${port}: ${message}`, { cause: error })
    }
    const address = this.#server.address() as AddressInfo
    return address.port
  }

  /** Takes nothing more. Resolves when every connection has ended; those still there after `graceMs` are cut. */
  async close(graceMs: number): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeIdleConnections()
    const cut = setTimeout(() => {
      for (const socket of this.#connections) socket.destroy()
    }, graceMs)
    await closed
    await Promise.all([...this.#connections].map((socket) => once(socket, 'close')))
    clearTimeout(cut)
  }

  async #onRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { routes, refused, logger } = this.#options
    let ask: Pick<Ask, 'route' | 'address'> = { route: 'none', address: this.#addressOf(request) }
    try {
      const path = this.#pathOf(request)
      const { route, params } = findRoute(routes, request.method, path)
      const full: Ask = { ...ask, route: route.path, request, params }
      ask = full
      const answer = await route.answer(full, response)
      if (answer) writeAnswer(request, response, answer)
    } catch (reason) {
      const error = HttpError.of(reason)
      if (!(reason instanceof HttpError)) logError(logger, ask, reason)
      refused(ask, error.status, error.message)
      writeAnswer(request, response, { status: error.status, text: error.message }, error.headers)
    }
  }

  async #onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { socketRoutes, refused, logger } = this.#options
    let ask: Pick<Ask, 'route' | 'address'> = { route: 'none', address: this.#addressOf(request) }
    socket.on('error', () => {}) // it closes after it; whoever took the WebSocket is told by that
    try {
      const path = this.#pathOf(request)
      const [found] = routesAt(socketRoutes, path)
      if (!found) throw nothingHere()
      const { route, params } = found
      const full: Ask = { ...ask, route: route.path, request, params }
      ask = full
      await route.connect(full, (take) =>
        this.#upgraders.get(route)!.handleUpgrade(request, socket, head, take),
      )
    } catch (reason) {
      const error = HttpError.of(reason)
      if (!(reason instanceof HttpError)) logError(logger, ask, reason)
      refused(ask, error.status, error.message)
      refuseUpgrade(socket, error)
    }
  }

  #addressOf(request: IncomingMessage): string {
    return addressOf(request, this.#options.isBehindProxy)
  }

  /** The path below our prefix, of a request that a client of ours may have sent. */
  #pathOf(request: IncomingMessage): string {
    const { isHostOurs, prefix } = this.#options
    if (!isHostOurs(request.headers.host))
      throw new HttpError(421, 'The gateway does not go by that Host: --public-url tells it its name')
    // Pages in browsers send it, our clients never do.
    if (request.headers.origin !== undefined) throw new HttpError(403, 'The gateway does not serve browsers')
    const path = (request.url ?? '').split('?')[0]!
    return prefix !== '' && path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : path
  }
}

function makeServer({ tls, limits }: HttpServerOptions): Server {
  const options = {
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: limits.headersTimeoutMs,
    // Bodies have limits of their own: a copy may take as long as it flows.
    requestTimeout: 0,
    connectionsCheckingInterval: Math.min(1000, limits.headersTimeoutMs / 2),
  }
  const server = tls
    ? createTlsServer({ ...options, ...tls, handshakeTimeout: limits.headersTimeoutMs })
    : createServer(options)
  server.maxHeadersCount = limits.maxHeaders
  server.maxConnections = limits.maxConnections
  return server
}

function makeUpgrader(route: SocketRoute): WebSocketServer {
  // Pongs are ours to send: only as far as the other end reads.
  const maxPayload = route.maxMessageBytes
  return new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    autoPong: false,
    maxPayload,
  })
}

function findRoute(
  routes: readonly Route[],
  method: string | undefined,
  path: string,
): { route: Route; params: Record<string, string> } {
  const here = routesAt(routes, path)
  const found = here.find(({ route }) => route.method === method)
  if (found) return found
  if (here.length === 0) throw nothingHere()
  const allowed = here.map(({ route }) => route.method).join(', ')
  throw new HttpError(405, `This takes ${allowed}`, { Allow: allowed })
}

function nothingHere(): HttpError {
  return new HttpError(404, 'There is nothing here')
}

function logError(logger: Logger, { route, address }: Pick<Ask, 'route' | 'address'>, reason: unknown): void {
  const stack = reason instanceof Error ? reason.stack : String(reason)
  logger.error({ route, address, stack }, 'request failed')
}

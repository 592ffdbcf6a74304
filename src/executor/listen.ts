import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { WebSocket, WebSocketServer } from 'ws'
import { webSocketTransport } from '../rpc/websocket.ts'
import { BridgeError } from '../util/errors.ts'
import { isLoopback } from '../util/loopback.ts'
import { admit, type Rejection } from './admit.ts'
import { EXECUTOR_LIMITS } from './limits.ts'
import { type ServedConnection, serveExecutor } from './serve.ts'
import { Sessions, type SessionsOptions } from './sessions.ts'

export interface ListenOptions {
  /** An address of this machine's loopback. */
  readonly host: string
  /** 0: any that is free. */
  readonly port: number
  /** What clients must bring as bearer. Without it, every program of this machine may connect. */
  readonly token?: string | undefined
  readonly executor?: SessionsOptions | undefined
}

/** A server that others on this machine can connect to. */
export interface ListeningExecutor {
  /** `ws://HOST:PORT`. */
  readonly url: string
  /** Ends every connection, and kills what runs. Resolves when nothing is left. */
  close(): Promise<void>
}

/**
 * This machine as an exec-server on a WebSocket of the loopback. Rejects with `invalid_input` for another address, and
 * when it cannot listen.
 */
export async function listenExecutor(options: ListenOptions): Promise<ListeningExecutor> {
  const { host, port } = options
  if (!isLoopback(host))
    throw new BridgeError(
      'invalid_input',
      `Cannot listen on "${host}:${port}": it is not an address of the loopback, such as 127.0.0.1`,
    )
  const { WebSocketServer } = await import('ws')
  const { messageBytes: maxPayload } = EXECUTOR_LIMITS
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload })
  const server = new LoopbackServer(sockets, options)
  await server.listen(options)
  return server
}

class LoopbackServer implements ListeningExecutor {
  url = ''
  readonly #http = createServer(answer)
  readonly #sockets: WebSocketServer
  readonly #sessions: Sessions
  readonly #connections = new Set<ServedConnection>()
  #closing: Promise<void> | undefined

  constructor(sockets: WebSocketServer, { token, executor }: ListenOptions) {
    this.#sockets = sockets
    this.#sessions = new Sessions(executor)
    this.#http.maxConnections = EXECUTOR_LIMITS.connections
    this.#http.on('upgrade', (request, socket, head) => {
      const rejection = admit(request, token)
      if (rejection) reject(socket, rejection)
      else this.#sockets.handleUpgrade(request, socket, head, (opened) => this.#serve(opened))
    })
  }

  async listen({ host, port }: ListenOptions): Promise<void> {
    try {
      this.#http.listen(port, host)
      await once(this.#http, 'listening')
    } catch (error) {
      const { code, message } = BridgeError.from(error, 'invalid_input')
      throw new BridgeError(code, `Cannot listen on "${host}:${port}": ${message}`, { cause: error })
    }
    // A connection that could not be taken (too many open files) concerns nobody else.
    this.#http.on('error', () => {})
    const bound = this.#http.address() as AddressInfo
    this.url = `ws://${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`
  }

  close(): Promise<void> {
    this.#closing ??= this.#closeAll()
    return this.#closing
  }

  #serve(socket: WebSocket): void {
    const transport = webSocketTransport(socket, { binary: false, pongs: false })
    const connection = serveExecutor(transport, this.#sessions)
    this.#connections.add(connection)
    socket.once('close', () => this.#connections.delete(connection))
  }

  async #closeAll(): Promise<void> {
    const closed = once(this.#http, 'close')
    this.#http.close()
    // Those that have not become WebSockets; from here on none will.
    this.#http.closeAllConnections()
    const reason = new BridgeError('unavailable', 'The executor is closing')
    await Promise.all([...this.#connections].map((connection) => connection.close(reason)))
    await Promise.all([closed, this.#sessions[Symbol.asyncDispose]()])
  }
}

/** Only to be asked whether it is there. */
function answer(request: IncomingMessage, response: ServerResponse): void {
  const isReady = request.method === 'GET' && request.url === '/readyz'
  response.writeHead(isReady ? 200 : 404, { 'Content-Length': 0 }).end()
}

function reject(socket: Duplex, { status, text }: Rejection): void {
  socket.on('error', () => {}) // it may be gone already
  const head = [`HTTP/1.1 ${status}`, 'Connection: close', 'Content-Type: text/plain']
  const response = `${head.join('\r\n')}\r\nContent-Length: ${text.length}\r\n\r\n${text}`
  socket.end(response, () => socket.destroy())
}

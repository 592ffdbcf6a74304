import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { isIP } from 'node:net'
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import { webSocketTransport } from '../rpc/websocket.ts'
import { BridgeError } from '../util/errors.ts'
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
  const { host, port, token } = options
  const action = `Cannot listen on "${host}:${port}"`
  if (!isLoopback(host))
    throw new BridgeError(
      'invalid_input',
      `${action}: it is not an address of the loopback, such as 127.0.0.1`,
    )
  const { WebSocketServer } = await import('ws')
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: EXECUTOR_LIMITS.messageBytes,
  })
  const sessions = new Sessions(options.executor)
  const connections = new Set<ServedConnection>()
  const serve = (socket: WebSocket) => {
    const transport = webSocketTransport(socket, { binary: false, pongs: false })
    const connection = serveExecutor(transport, sessions)
    connections.add(connection)
    socket.once('close', () => connections.delete(connection))
  }
  const server = createServer(answer)
  server.maxConnections = EXECUTOR_LIMITS.connections
  server.on('upgrade', (request, socket, head) => {
    const rejection = admit(request, token)
    if (rejection) reject(socket, rejection)
    else sockets.handleUpgrade(request, socket, head, serve)
  })
  const url = await listen(server, options, action)
  // A connection that could not be taken (too many open files) concerns nobody else.
  server.on('error', () => {})
  let closing: Promise<void> | undefined
  return {
    url,
    close() {
      closing ??= closeAll(server, connections, sessions)
      return closing
    },
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

async function listen(server: Server, { host, port }: ListenOptions, action: string): Promise<string> {
  try {
    server.listen(port, host)
    await once(server, 'listening')
  } catch (error) {
    const { code, message } = BridgeError.from(error, 'invalid_input')
    throw new BridgeError(code, `${action}: ${message}`, { cause: error })
  }
  const address = server.address()
  const actualPort = typeof address === 'object' && address ? address.port : port
  return `ws://${host.includes(':') ? `[${host}]` : host}:${actualPort}`
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

async function closeAll(
  server: Server,
  connections: ReadonlySet<ServedConnection>,
  sessions: Sessions,
): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  const reason = new BridgeError('unavailable', 'The executor is closing')
  await Promise.all([...connections].map((connection) => connection.close(reason)))
  server.closeAllConnections()
  await Promise.all([closed, sessions[Symbol.asyncDispose]()])
}

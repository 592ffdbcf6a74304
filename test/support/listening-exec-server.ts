import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { WebSocketServer } from 'ws'
import { webSocketTransport } from '../../src/rpc/websocket.ts'
import { Mailbox } from './mailbox.ts'
import { ScriptedExecServer, type ScriptedServerOptions } from './scripted-exec-server.ts'

/** An HTTP answer instead of the upgrade; `hang`: none at all. */
export type Refused = { readonly status: number; readonly text?: string; readonly location?: string } | 'hang'

export interface ListeningOptions extends ScriptedServerOptions {
  /** What happens to a connection, from its request; undefined: it is taken. */
  readonly refuse?: (request: IncomingMessage) => Refused | undefined
}

export interface ListeningExecServer extends AsyncDisposable {
  readonly url: string
  /** Requests to upgrade, in order. */
  readonly upgrades: readonly IncomingMessage[]
  /** The exec-servers at the end of each connection, in order. */
  readonly servers: readonly ScriptedExecServer[]
  /** Pongs that came, on all connections. */
  readonly pongs: number
  /** The next request to upgrade that nobody has taken. */
  nextUpgrade(): Promise<IncomingMessage>
}

/** Scripted exec-servers behind a real socket on loopback, one for each connection; text frames. */
export async function listenScripted(options: ListeningOptions = {}): Promise<ListeningExecServer> {
  const http = createServer((_, response) => response.writeHead(426).end())
  const ws = new WebSocketServer({ noServer: true, perMessageDeflate: false })
  const upgrades: IncomingMessage[] = []
  const arrivals = new Mailbox<IncomingMessage>()
  const servers: ScriptedExecServer[] = []
  const sockets = new Set<Socket>()
  let pongs = 0
  http.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  http.on('upgrade', (request, socket, head) => {
    upgrades.push(request)
    arrivals.put(request)
    const refused = options.refuse?.(request)
    if (refused === 'hang') return
    if (refused) return void socket.end(httpAnswer(refused))
    ws.handleUpgrade(request, socket, head, (opened) => {
      opened.on('pong', () => pongs++)
      servers.push(
        new ScriptedExecServer(options, webSocketTransport(opened, { binary: false, pongs: false })),
      )
    })
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  return {
    url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}`,
    upgrades,
    servers,
    get pongs() {
      return pongs
    },
    nextUpgrade: () => arrivals.take(),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      http.close()
      await once(http, 'close')
    },
  }
}

function httpAnswer({ status, text = '', location }: Exclude<Refused, 'hang'>): string {
  const lines = [`HTTP/1.1 ${status} Refused`, `Content-Length: ${Buffer.byteLength(text)}`]
  if (location) lines.push(`Location: ${location}`)
  return `${lines.join('\r\n')}\r\n\r\n${text}`
}

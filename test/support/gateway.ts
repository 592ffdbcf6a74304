import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocket, WebSocketServer } from 'ws'
import { decodeRelayFrame, encodeRelayFrame } from '../../src/rpc/relay-frames.ts'

/** What a gateway of the tests knows of one machine: where its exec-server listens, or how it refuses. */
export interface GatewayMachine {
  readonly exeId: string
  readonly name: string
  readonly isDefault?: boolean
  /** An exec-server with text frames; without it the bridge is answered with `refuse`. */
  readonly url?: string
  /** An HTTP status instead of the upgrade, or `hang` for no answer at all. */
  readonly refuse?: number | 'hang'
}

/** The least of a workspace's gateway, on loopback: the list of machines, and bridges with relay frames to them. */
export interface TestGateway extends AsyncDisposable {
  readonly bridgeUrl: string
  readonly httpUrl: string
  /** Tokens as they came with each bridge, in order. */
  readonly tokens: readonly string[]
  /** Cuts every bridge there is, as a network does. */
  cut(): void
}

/** Starts one. `token` is what bridges and the list must bring as bearer; anything else is a 401. */
export async function startGateway(options: {
  token: string
  machines: readonly GatewayMachine[]
  /** A free one unless said. */
  port?: number
}): Promise<TestGateway> {
  const tokens: string[] = []
  const sockets = new Set<{ terminate(): void }>()
  const held = new Set<Duplex>()
  const isAllowed = (request: IncomingMessage) => request.headers.authorization === `Bearer ${options.token}`
  const server = createServer((request, response) =>
    list(request, response, isAllowed(request), options.machines),
  )
  const bridges = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: 64 * 1024 * 1024,
  })

  server.on('upgrade', (request, socket, head) => {
    held.add(socket)
    socket.on('close', () => held.delete(socket)).on('error', () => {})
    tokens.push(request.headers.authorization ?? '')
    const machine = options.machines.find(({ exeId }) => request.url === `/bridge/${exeId}`)
    const status = isAllowed(request) ? (machine ? (machine.refuse ?? 101) : 403) : 401
    if (status === 'hang') return
    if (status !== 101 || !machine?.url) return refuse(socket, status)
    const { url } = machine
    bridges.handleUpgrade(request, socket, head, (bridge) => {
      sockets.add(bridge)
      relay(bridge, url)
    })
  })
  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const cut = () => {
    for (const socket of sockets) socket.terminate()
    sockets.clear()
  }
  return {
    bridgeUrl: `ws://127.0.0.1:${port}/bridge`,
    httpUrl: `http://127.0.0.1:${port}`,
    tokens,
    cut,
    async [Symbol.asyncDispose]() {
      cut()
      for (const socket of held) socket.destroy()
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function list(
  request: IncomingMessage,
  response: ServerResponse,
  isAllowed: boolean,
  machines: readonly GatewayMachine[],
): void {
  if (!isAllowed) return void response.writeHead(401).end('bad token')
  if (request.url !== '/api/exec-gateway/connected') return void response.writeHead(404).end()
  const body = machines.map(({ exeId, name, isDefault }) => ({
    exe_id: exeId,
    name,
    is_default: isDefault === true,
  }))
  response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
}

function refuse(socket: Duplex, status: number): void {
  const location = status >= 300 && status < 400 ? 'Location: http://127.0.0.1:1/\r\n' : ''
  socket.end(`HTTP/1.1 ${status} Refused\r\n${location}Connection: close\r\nContent-Length: 0\r\n\r\n`)
}

/** One stream between a bridge and an exec-server: relay frames here, text frames there. */
function relay(bridge: WebSocket, url: string): void {
  const executor = new WebSocket(url, { perMessageDeflate: false })
  const early: Uint8Array[] = []
  let streamId = ''
  let seq = 0
  bridge.on('message', (data: Buffer) => {
    const frame = decodeRelayFrame(data)
    streamId = frame.streamId
    if (frame.body.kind !== 'data') return
    if (executor.readyState === WebSocket.OPEN) executor.send(frame.body.payload, { binary: false })
    else early.push(frame.body.payload)
  })
  executor.on('open', () => {
    for (const payload of early.splice(0)) executor.send(payload, { binary: false })
  })
  executor.on('message', (payload: Buffer) => {
    const body = { kind: 'data', seq: seq++, segmentIndex: 0, segmentCount: 1, payload } as const
    bridge.send(encodeRelayFrame({ streamId, body }))
  })
  for (const [one, other] of [
    [bridge, executor],
    [executor, bridge],
  ] as const) {
    one.on('error', () => {})
    one.on('close', () => other.terminate())
  }
}

import { randomUUID } from 'node:crypto'
import type { ClientRequest, IncomingMessage } from 'node:http'
import type { WebSocket } from 'ws'
import { RPC_LIMITS } from '../rpc/limits.ts'
import { maskingFor } from '../rpc/masking.ts'
import { relayTransport } from '../rpc/relay-transport.ts'
import type { Transport } from '../rpc/transport.ts'
import { webSocketTransport } from '../rpc/websocket.ts'
import { BridgeError } from '../util/errors.ts'
import { type CallOptions, callScope, reasonOf, throwIfAborted } from '../util/signals.ts'
import { readRefusal, refusedUpgrade, unreachable } from './dial-errors.ts'
import { BRIDGE_LIMITS } from './limits.ts'

/** Where a machine is, and how it is spoken to. */
export interface DialRequest extends CallOptions {
  /** The environment, for messages. */
  readonly name: string
  /** `ws://` or `wss://`. */
  readonly url: string
  /** Sent as a bearer; it appears in no error. */
  readonly token?: string | undefined
  /** `relay`: through a gateway, frames in protobuf. `text`: straight to an exec-server, JSON. */
  readonly framing: 'relay' | 'text'
}

/** Opens a connection to an executor, within 10 s unless said otherwise. Rejects with what stands in the way, in words to act on. */
export async function dial(request: DialRequest): Promise<Transport> {
  const { name, url, token, framing, signal, timeoutMs = BRIDGE_LIMITS.dialTimeoutMs } = request
  const action = `Cannot connect to ${JSON.stringify(name)} (${hostOf(url)})`
  using scope = callScope({ signal, timeoutMs }, `Connecting to ${JSON.stringify(name)}`)
  if (!/^wss?:$/.test(schemeOf(url)))
    throw new BridgeError('invalid_input', `${action}: a URL that begins with ws:// or wss:// is needed`)
  const { WebSocket } = await import('ws')
  throwIfAborted(scope.signal)
  const socket = new WebSocket(url, {
    // Executors before 0.131 cut a connection that offers it.
    perMessageDeflate: false,
    followRedirects: false,
    maxPayload: RPC_LIMITS.maxInboundBytes,
    ...maskingFor(url),
    headers: token ? { Authorization: `Bearer ${token}` } : {},
  })
  const isRelay = framing === 'relay'
  const transport = await opened(socket, { action, token, isRelay, signal: scope.signal })
  return isRelay ? relayTransport(transport, randomUUID()) : transport
}

interface Opening {
  readonly action: string
  readonly token: string | undefined
  readonly isRelay: boolean
  readonly signal: AbortSignal
}

/** Resolves when the socket is open. When it does not come to that, nothing is left of it. */
function opened(socket: WebSocket, { action, token, isRelay, signal }: Opening): Promise<Transport> {
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      signal.removeEventListener('abort', onAbort)
      socket.off('upgrade', onUpgrade).off('open', onOpen).off('error', onError)
      socket.off('unexpected-response', onRefused)
      settle()
    }
    const fail = (error: BridgeError) =>
      end(() => {
        // Cutting a socket that is not open yet makes it emit an error of its own.
        socket.on('error', () => {})
        socket.terminate()
        reject(error)
      })
    const onAbort = () => fail(reasonOf(signal))
    let receivedBytes: (() => number) | undefined
    const onUpgrade = ({ socket: wire }: IncomingMessage) => {
      receivedBytes = () => wire.bytesRead
    }
    // At once: what the other end says first must find a listener.
    const onOpen = () =>
      end(() => resolve(webSocketTransport(socket, { binary: isRelay, pongs: true, receivedBytes })))
    const onError = (error: Error) => fail(unreachable(action, error))
    const onRefused = async (_: ClientRequest, response: IncomingMessage) => {
      const text = await readRefusal(response, token)
      if (!signal.aborted) fail(refusedUpgrade(action, response.statusCode ?? 0, text))
    }
    signal.addEventListener('abort', onAbort, { once: true })
    socket.on('upgrade', onUpgrade).on('open', onOpen).on('error', onError)
    socket.on('unexpected-response', onRefused)
  })
}

function schemeOf(url: string): string {
  return URL.canParse(url) ? new URL(url).protocol : ''
}

/** Who is dialled, without what a URL may hold besides: an executor's id, a password. */
function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'not a URL'
}

import type { ClientRequest, IncomingMessage } from 'node:http'
import type { WebSocket } from 'ws'
import { maskingFor } from '../rpc/masking.ts'
import { BridgeError } from '../util/errors.ts'
import { type CallOptions, callScope, reasonOf, throwIfAborted } from '../util/signals.ts'
import { EXECUTOR_LIMITS } from './limits.ts'

/** Opens a socket to the address that a gateway has given. No error repeats it: who has it is this executor. */
export async function dialGateway(url: string, options: CallOptions): Promise<WebSocket> {
  using scope = callScope({ timeoutMs: EXECUTOR_LIMITS.dialMs, ...options }, 'Connecting to the gateway')
  const { WebSocket } = await import('ws')
  throwIfAborted(scope.signal)
  const socket = new WebSocket(url, {
    perMessageDeflate: false,
    followRedirects: false,
    maxPayload: EXECUTOR_LIMITS.messageBytes,
    ...maskingFor(url),
  })
  return await opened(socket, scope.signal)
}

/** Resolves when the socket is open, paused until somebody listens. When it does not come to that, nothing is left of it. */
function opened(socket: WebSocket, signal: AbortSignal): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      signal.removeEventListener('abort', onAbort)
      socket.off('open', onOpen).off('error', onError).off('unexpected-response', onRefused)
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
    const onOpen = () =>
      end(() => {
        socket.pause()
        resolve(socket)
      })
    const onError = (error: Error) => fail(BridgeError.from(error, 'unavailable'))
    const onRefused = (_: ClientRequest, response: IncomingMessage) =>
      fail(
        new BridgeError('unavailable', `The gateway refused the connection: ${whyOf(response.statusCode)}`),
      )
    signal.addEventListener('abort', onAbort, { once: true })
    socket.on('open', onOpen).on('error', onError).on('unexpected-response', onRefused)
  })
}

function whyOf(status = 0): string {
  if (status === 503) return '503, another machine is connected under this name'
  return status === 409 ? '409, the registration is no longer good' : String(status)
}

import { WebSocket } from 'ws'
import { maskingFor } from '../rpc/masking.ts'
import type { Transport } from '../rpc/transport.ts'
import type { Clock } from '../util/clock.ts'
import { BridgeError } from '../util/errors.ts'
import { type CallOptions, callScope, reasonOf } from '../util/signals.ts'
import { FrameSocket, type Traffic } from './frame-socket.ts'
import type { GatewayLimits } from './limits.ts'
import type { ExecutorLink } from './link.ts'

/**
 * A machine that listens: each stream is a connection of its own, so that any number of bridges may use it, and none waits
 * for another. One more connection, without a word on it, shows whether the machine is there.
 */
export class DialledLink implements ExecutorLink {
  readonly era = 'dialled'
  readonly maxBridges: number
  readonly isShared = false
  readonly #url: string
  readonly #presence: FrameSocket
  readonly #clock: Clock
  readonly #limits: GatewayLimits
  readonly #streams = new Map<FrameSocket, object>()

  constructor(url: string, presence: FrameSocket, clock: Clock, limits: GatewayLimits) {
    this.#url = url
    this.#presence = presence
    this.#clock = clock
    this.#limits = limits
    this.maxBridges = limits.maxBridgesPerExecutor
    presence.start({
      frame: () => {},
      closed: (reason) => {
        for (const stream of this.#streams.keys()) stream.close(reason)
      },
    })
  }

  async open(owner: object, options: CallOptions): Promise<Transport> {
    const { traffic } = this.#presence
    const socket = await dialMachine(
      this.#url,
      { clock: this.#clock, limits: this.#limits, traffic },
      options,
    )
    this.#streams.set(socket, owner)
    void socket.closed.then(() => this.#streams.delete(socket))
    return socket
  }

  hold(owner: object): Disposable {
    const holds = [...this.#streams].filter(([, of]) => of === owner).map(([socket]) => socket.hold())
    return {
      [Symbol.dispose]() {
        for (const hold of holds) hold[Symbol.dispose]()
      },
    }
  }

  close(reason: Error): void {
    this.#presence.close(reason)
  }
}

/** Connects to a listening exec-server. Rejects with `unavailable`, or with the signal's reason. */
export async function dialMachine(
  url: string,
  parts: { clock: Clock; limits: GatewayLimits; traffic?: Traffic },
  options: CallOptions,
): Promise<FrameSocket> {
  const { limits } = parts
  using scope = callScope({ ...options, timeoutMs: limits.dialTimeoutMs }, `Dialling ${url}`)
  const webSocket = new WebSocket(url, {
    // Older exec-servers close a connection that offers it.
    perMessageDeflate: false,
    maxPayload: limits.maxExecutorMessageBytes,
    autoPong: false,
    followRedirects: false,
    ...maskingFor(url),
  })
  const highWaterBytes = limits.bridgeHighWaterBytes
  try {
    await opened(webSocket, scope.signal)
  } catch (error) {
    webSocket.on('error', () => {}).terminate()
    throw error
  }
  return new FrameSocket(webSocket, { ...parts, binary: false, pongs: true, highWaterBytes })
}

function opened(webSocket: WebSocket, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void) => {
      webSocket.off('open', onOpen).off('error', onError)
      signal.removeEventListener('abort', onAbort)
      end()
    }
    const onOpen = () => settle(resolve)
    const onError = (error: Error) =>
      settle(() =>
        reject(new BridgeError('unavailable', `Cannot dial the machine: ${error.message}`, { cause: error })),
      )
    const onAbort = () => settle(() => reject(reasonOf(signal)))
    webSocket.on('open', onOpen).on('error', onError)
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  })
}

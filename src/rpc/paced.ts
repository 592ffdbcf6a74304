import type { WebSocket } from 'ws'
import type { Clock } from '../util/clock.ts'
import { type Deferred, deferred } from '../util/deferred.ts'
import { RPC_LIMITS } from './limits.ts'
import type { Frame, Receiver, Transport } from './transport.ts'
import { webSocketTransport } from './websocket.ts'
import { Window } from './window.ts'

/**
 * An open WebSocket with relay frames as a transport that has little under way: a system takes some 10 MB for a socket at
 * once, and whatever is sent after that waits behind it. How far the other end has read is told by its pongs, which every
 * WebSocket answers pings with; `drained` waits for them. It owns the socket from here on.
 */
export function pacedTransport(socket: WebSocket, clock: Clock): Transport {
  return new PacedTransport(socket, clock)
}

class PacedTransport implements Transport {
  readonly #socket: WebSocket
  readonly #inner: Transport
  readonly #window: Window
  #drain: Deferred<void> | undefined
  #isOver = false

  constructor(socket: WebSocket, clock: Clock) {
    this.#socket = socket
    this.#inner = webSocketTransport(socket, { binary: true, pongs: false })
    this.#window = new Window(clock, RPC_LIMITS)
    socket.on('pong', (data) => this.#onPong(data))
  }

  get maxMessageBytes(): number {
    return this.#inner.maxMessageBytes
  }

  start(receiver: Receiver): void {
    this.#inner.start({
      frame: (data) => receiver.frame(data),
      closed: (reason) => {
        this.#isOver = true
        this.#release()
        receiver.closed(reason)
      },
    })
  }

  send(data: Frame): void {
    this.#inner.send(data)
    this.#ping(this.#window.sent(data.byteLength))
  }

  drained(): Promise<void> {
    if (this.#isOver || !this.#window.isFull) return Promise.resolve()
    this.#drain ??= deferred()
    return this.#drain.promise
  }

  close(reason: Error): void {
    this.#inner.close(reason)
  }

  /** Other pings are answered too: those that ask for a sign of life have no payload. */
  #onPong(data: Buffer): void {
    if (data.byteLength === 0) return
    this.#ping(this.#window.read(Number(data), this.#drain !== undefined))
    if (!this.#window.isFull) this.#release()
  }

  #ping(mark: number | undefined): void {
    if (mark !== undefined && this.#socket.readyState === this.#socket.OPEN) this.#socket.ping(String(mark))
  }

  #release(): void {
    this.#drain?.resolve()
    this.#drain = undefined
  }
}

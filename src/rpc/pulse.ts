import type { WebSocket } from 'ws'
import { RPC_LIMITS } from './limits.ts'
import type { Pulse } from './transport.ts'

export interface PulseOptions {
  /** Bytes that have come on the socket below so far. */
  readonly receivedBytes: () => number
  /** Called when one of our pings was answered. */
  readonly answered: () => void
}

/**
 * The pulse of a WebSocket. Every so much that is sent, and whenever it is asked for, a ping goes with it that says how much was sent
 * before: the pong brings that back once the other end has read so far. So a slow line shows that it moves, and where it is.
 */
export class SocketPulse implements Pulse {
  readonly #socket: WebSocket
  readonly #options: PulseOptions
  #sentBytes = 0
  #arrivedBytes = 0
  #markedBytes = 0
  #pings = 0
  #asked = 0
  #answered = 0

  constructor(socket: WebSocket, options: PulseOptions) {
    this.#socket = socket
    this.#options = options
    socket.on('pong', (data) => this.#onPong(data.toString()))
  }

  get receivedBytes(): number {
    return this.#options.receivedBytes()
  }

  get sentBytes(): number {
    return this.#sentBytes
  }

  get arrivedBytes(): number {
    return this.#arrivedBytes
  }

  get queuedBytes(): number {
    return this.#socket.bufferedAmount
  }

  get isAnswered(): boolean {
    return this.#answered >= this.#asked
  }

  /** So many bytes more were handed to the socket. */
  sent(bytes: number): void {
    this.#sentBytes += bytes
    if (this.#sentBytes - this.#markedBytes >= RPC_LIMITS.markBytes) this.#mark()
  }

  ping(): void {
    this.#mark()
    this.#asked = this.#pings
  }

  #mark(): void {
    this.#markedBytes = this.#sentBytes
    this.#socket.ping(`${++this.#pings} ${this.#sentBytes}`)
  }

  /** Pongs come in order, if not one for each ping; also unasked, with anything in them. */
  #onPong(data: string): void {
    const [ping = 0, bytes = 0] = data.split(' ').map(Number)
    if (!(ping > this.#answered && ping <= this.#pings && bytes <= this.#sentBytes)) return
    this.#options.answered()
    this.#answered = ping
    this.#arrivedBytes = Math.max(this.#arrivedBytes, bytes)
  }
}

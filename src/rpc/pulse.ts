import type { WebSocket } from 'ws'
import { RPC_LIMITS } from './limits.ts'
import type { Pulse } from './transport.ts'

/**
 * The pulse of a WebSocket. Every so much that is sent, and whenever it is asked for, a ping goes with it that says how much was sent
 * before: the pong brings that back once the other end has read so far. So a slow line shows that it moves, and where it is.
 */
export class SocketPulse implements Pulse {
  readonly #socket: WebSocket
  readonly #receivedBytes: () => number
  #sentBytes = 0
  #arrivedBytes = 0
  #markedBytes = 0
  #pings = 0
  #asked = 0
  #answered = 0

  /** `receivedBytes` counts what has come on the socket below so far. */
  constructor(socket: WebSocket, receivedBytes: () => number) {
    this.#socket = socket
    this.#receivedBytes = receivedBytes
    socket.on('pong', (data) => this.#onPong(data.toString()))
  }

  get receivedBytes(): number {
    return this.#receivedBytes()
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
    this.#answered = ping
    this.#arrivedBytes = Math.max(this.#arrivedBytes, bytes)
  }
}

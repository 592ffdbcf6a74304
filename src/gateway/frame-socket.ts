import type { WebSocket } from 'ws'
import type { Frame, Receiver, Transport } from '../rpc/transport.ts'
import { webSocketTransport } from '../rpc/websocket.ts'
import type { Clock } from '../util/clock.ts'
import { type Deferred, deferred } from '../util/deferred.ts'

export interface FrameSocketOptions {
  /** Relay frames, rather than JSON as text. */
  readonly binary: boolean
  /** Executors want a pong after each message (see `WebSocketOptions`); bridges do not. */
  readonly pongs: boolean
  readonly highWaterBytes: number
  readonly clock: Clock
  /** Counts what passes; sockets of one connection share it. */
  readonly traffic?: Traffic
}

/** Bytes of messages, both ways. */
export interface Traffic {
  received: number
  sent: number
}

/** A WebSocket of the gateway: a transport that can be held, that counts what passes, and shows signs of life. */
export class FrameSocket implements Transport {
  readonly traffic: Traffic
  readonly #socket: WebSocket
  readonly #transport: Transport
  readonly #clock: Clock
  readonly #closed = deferred<Error>()
  #holds = 0
  #lastSign: number
  #nextSign: Deferred<boolean> | undefined
  #ping: Buffer | undefined
  #isOpen = true
  #backlog = 0

  constructor(socket: WebSocket, options: FrameSocketOptions) {
    this.#socket = socket
    this.#transport = webSocketTransport(socket, options)
    this.#clock = options.clock
    this.traffic = options.traffic ?? { received: 0, sent: 0 }
    this.#lastSign = this.#clock.now()
    socket.on('ping', (data) => {
      this.#sign()
      this.#answerPing(data)
    })
    socket.on('pong', () => this.#sign())
  }

  /** Resolves with the reason when the socket is over. */
  get closed(): Promise<Error> {
    return this.#closed.promise
  }

  get maxMessageBytes(): number {
    return this.#transport.maxMessageBytes
  }

  /** False from the moment on that either side ends it. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Bytes that wait to be taken by the other end. */
  get queuedBytes(): number {
    return this.#socket.bufferedAmount
  }

  start(receiver: Receiver): void {
    this.#transport.start({
      frame: (data) => {
        this.#sign()
        this.traffic.received += data.byteLength
        receiver.frame(data)
      },
      closed: (reason) => {
        receiver.closed(reason)
        this.#isOpen = false
        this.#closed.resolve(reason)
        this.#nextSign?.resolve(false)
      },
    })
  }

  send(data: Frame): void {
    this.traffic.sent += data.byteLength
    this.#transport.send(data)
  }

  drained(): Promise<void> {
    return this.#transport.drained()
  }

  close(reason: Error): void {
    this.#isOpen = false
    // A close frame behind what the other end never reads would not be seen; the transport cuts it after a while.
    this.#socket.resume()
    this.#transport.close(reason)
  }

  ping(): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.ping()
  }

  /**
   * ms since the other end last showed that it lives: a message, a ping, a pong, or that it took some of what waits for
   * it. While it is held nothing can be seen, and it counts as alive.
   */
  silentMs(): number {
    const waiting = this.#socket.bufferedAmount
    if (this.#holds > 0 || waiting < this.#backlog) this.#sign()
    this.#backlog = waiting
    return this.#clock.now() - this.#lastSign
  }

  /** Resolves with the next sign of life: true, or false when the socket is over. */
  nextSign(): Promise<boolean> {
    if (!this.#isOpen || this.#holds > 0) return Promise.resolve(this.#isOpen)
    this.#nextSign ??= deferred()
    return this.#nextSign.promise
  }

  /** Reads nothing more until every hold is disposed; what then waits in the network slows the other end down. */
  hold(): Disposable {
    if (this.#holds++ === 0) this.#socket.pause()
    let isHeld = true
    return {
      [Symbol.dispose]: () => {
        if (!isHeld) return
        isHeld = false
        if (--this.#holds === 0) this.#socket.resume()
      },
    }
  }

  /** Answers the newest ping only once the answer before is gone: one that pings and does not read piles nothing up. */
  #answerPing(ping: Buffer): void {
    const isPonging = this.#ping !== undefined
    this.#ping = ping
    if (isPonging) return
    this.#socket.pong(ping, undefined, () => {
      const newest = this.#ping
      this.#ping = undefined
      if (newest !== undefined && newest !== ping) this.#answerPing(newest)
    })
  }

  #sign(): void {
    this.#lastSign = this.#clock.now()
    this.#nextSign?.resolve(true)
    this.#nextSign = undefined
  }
}

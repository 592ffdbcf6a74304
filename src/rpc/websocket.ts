import type { RawData, WebSocket } from 'ws'
import { deferred } from '../util/deferred.ts'
import { BridgeError } from '../util/errors.ts'
import { RPC_LIMITS } from './limits.ts'
import { SocketPulse } from './pulse.ts'
import type { Frame, Receiver, Transport } from './transport.ts'

/** How frames lie on a WebSocket. */
export interface WebSocketOptions {
  /** Binary messages (relay frames) instead of text ones (JSON). Both are accepted. */
  readonly binary: boolean
  /**
   * Answer what comes with a bare pong. An exec-server does not set TCP_NODELAY: without traffic from us it
   * holds small messages back for 40 ms (Nagle against our delayed ACK), and every command takes 48 ms, not 4 to 8.
   */
  readonly pongs: boolean
  /** Bytes queued on the socket before a sender is asked to wait; ours unless said. */
  readonly highWaterBytes?: number
  /** Bytes that have come on the socket below so far. With it the transport has a pulse. */
  readonly receivedBytes?: (() => number) | undefined
}

/** An open WebSocket (either end) as a transport. It owns the socket from here on. */
export function webSocketTransport(socket: WebSocket, options: WebSocketOptions): Transport {
  return new WebSocketTransport(socket, options)
}

class WebSocketTransport implements Transport {
  readonly maxMessageBytes = RPC_LIMITS.maxMessageBytes
  readonly pulse: SocketPulse | undefined
  readonly #socket: WebSocket
  readonly #options: WebSocketOptions
  readonly #highWaterBytes: number
  #early: Frame[] | undefined = []
  #receiver: Receiver | undefined
  #reason: Error | undefined
  #isClosing = false
  #over = false
  #hasPonged = false
  #drain: ReturnType<typeof deferred<void>> | undefined

  constructor(socket: WebSocket, options: WebSocketOptions) {
    this.#socket = socket
    this.#options = options
    this.#highWaterBytes = options.highWaterBytes ?? RPC_LIMITS.highWaterBytes
    this.pulse = options.receivedBytes && this.#takePulse(options.receivedBytes)
    socket.on('message', (data) => this.#onMessage(data))
    // 'close' follows every 'error', so one way out is enough.
    socket.on('error', (error) => {
      this.#reason ??= BridgeError.from(error, 'unavailable')
    })
    socket.on('close', (code, reason) => this.#onClose(code, reason.toString()))
  }

  start(receiver: Receiver): void {
    this.#receiver = receiver
    const early = this.#early ?? []
    this.#early = undefined
    for (const frame of early) receiver.frame(frame)
    if (this.#over) receiver.closed(this.#reason!)
  }

  send(data: Frame): void {
    if (this.#over || this.#reason) return
    const { binary } = this.#options
    const fragmentBytes = this.pulse ? RPC_LIMITS.markBytes : RPC_LIMITS.fragmentBytes
    for (let at = 0; at === 0 || at < data.byteLength; at += fragmentBytes) {
      const fragment = data.subarray(at, at + fragmentBytes)
      this.#socket.send(fragment, { binary, fin: at + fragmentBytes >= data.byteLength }, this.#onSent)
      this.pulse?.sent(fragment.byteLength)
    }
  }

  drained(): Promise<void> {
    if (this.#over || this.#socket.bufferedAmount < this.#highWaterBytes) return Promise.resolve()
    this.#drain ??= deferred<void>()
    return this.#drain.promise
  }

  close(reason: Error): void {
    if (this.#over || this.#isClosing) return
    this.#isClosing = true
    this.#reason ??= reason
    this.#socket.close(1000, closeText(reason.message))
    // An exec-server drops TCP without echoing the close; one that is gone never answers at all.
    const cut = setTimeout(() => this.#socket.terminate(), RPC_LIMITS.closeTimeoutMs)
    cut.unref()
    this.#socket.once('close', () => clearTimeout(cut))
  }

  readonly #onSent = () => {
    if (this.#drain && this.#socket.bufferedAmount < this.#highWaterBytes / 2) this.#releaseDrain()
  }

  #onMessage(data: RawData): void {
    if (this.#options.pongs) this.#pongOnce()
    if (this.#reason) return
    const frame = bytesOf(data)
    if (this.#receiver) this.#receiver.frame(frame)
    else this.#early?.push(frame)
  }

  /** Its pongs must not hold an answer behind them back either. */
  #takePulse(receivedBytes: () => number): SocketPulse {
    const answered = () => {
      if (this.#options.pongs) this.#pongOnce()
    }
    return new SocketPulse(this.#socket, { receivedBytes, answered })
  }

  /**
   * One for all messages that came in one piece: a quarter less work on bulk. At once, and not after what they led to: an
   * exec-server that has answered `process/start` holds the exit back until it hears from us.
   */
  #pongOnce(): void {
    if (this.#hasPonged) return
    this.#hasPonged = true
    this.#socket.pong()
    setImmediate(() => {
      this.#hasPonged = false
    })
  }

  #onClose(code: number, text: string): void {
    this.#over = true
    this.#reason ??= new BridgeError('unavailable', `Connection lost (${text || `code ${code}`})`)
    this.#releaseDrain()
    this.#receiver?.closed(this.#reason)
  }

  #releaseDrain(): void {
    this.#drain?.resolve()
    this.#drain = undefined
  }
}

function bytesOf(data: RawData): Frame {
  if (Array.isArray(data)) return Buffer.concat(data)
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data
}

/** A close reason may be 123 bytes long; cut on a character's border. */
function closeText(text: string): string {
  const bytes = Buffer.from(text)
  if (bytes.byteLength <= 123) return text
  return bytes.subarray(0, 123).toString('utf8').replace(/�+$/, '')
}

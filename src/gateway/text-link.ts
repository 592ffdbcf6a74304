import type { Frame, Receiver, Transport } from '../rpc/transport.ts'
import { BridgeError } from '../util/errors.ts'
import type { FrameSocket } from './frame-socket.ts'
import type { ExecutorLink } from './link.ts'

/**
 * An executor whose whole socket is one conversation. It serves one bridge; when that one leaves the socket is closed, so
 * that the executor dials again and starts anew for the next.
 */
export function textLink(socket: FrameSocket, era: 'text' | 'direct', maxMessageBytes: number): ExecutorLink {
  return new TextLink(socket, era, maxMessageBytes)
}

class TextLink implements ExecutorLink {
  readonly maxBridges = 1
  readonly isShared = false
  readonly era
  readonly #socket: FrameSocket
  readonly #stream: TextStream
  #isTaken = false

  constructor(socket: FrameSocket, era: 'text' | 'direct', maxMessageBytes: number) {
    this.era = era
    this.#socket = socket
    this.#stream = new TextStream(socket, maxMessageBytes)
  }

  async open(): Promise<Transport> {
    if (this.#isTaken)
      throw new BridgeError(
        'conflict',
        'This executor carries one stream at a time, and has one: close it first',
      )
    this.#isTaken = true
    return this.#stream
  }

  hold(): Disposable {
    return this.#socket.hold()
  }

  close(reason: Error): void {
    this.#socket.close(reason)
  }
}

/** The socket as its one stream. It is read from the start, so that its end is seen when no bridge is there. */
class TextStream implements Transport {
  readonly maxMessageBytes: number
  readonly #socket: FrameSocket
  #receiver: Receiver | undefined
  #reason: Error | undefined

  constructor(socket: FrameSocket, maxMessageBytes: number) {
    this.#socket = socket
    this.maxMessageBytes = maxMessageBytes
    socket.start({
      // What an executor says before anybody asked it is for nobody.
      frame: (data) => this.#receiver?.frame(data),
      closed: (reason) => {
        this.#reason = reason
        this.#receiver?.closed(reason)
      },
    })
  }

  start(receiver: Receiver): void {
    this.#receiver = receiver
    if (this.#reason) receiver.closed(this.#reason)
  }

  send(data: Frame): void {
    this.#socket.send(data)
  }

  drained(): Promise<void> {
    return this.#socket.drained()
  }

  close(reason: Error): void {
    this.#socket.close(reason)
  }
}

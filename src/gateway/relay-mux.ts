import { decodeRelayFrame, encodeRelayFrame, type RelayBody, type RelayFrame } from '../rpc/relay-frames.ts'
import type { Frame } from '../rpc/transport.ts'
import type { FrameSink } from '../rpc/turns.ts'
import { BridgeError } from '../util/errors.ts'
import type { FrameSocket } from './frame-socket.ts'
import type { ChannelReceiver, FrameMarks, RelayChannel } from './link.ts'
import { Misconduct } from './misconduct.ts'

/** The longest reason of a `reset` we send. */
const MAX_REASON = 200

/** What a frame for a stream that is not there comes to. */
export type UnknownStream = (streamId: string, body: RelayBody) => void

/**
 * The streams on one socket with relay frames, told apart by their ids. A frame that cannot be read ends the socket: what
 * came after it could not be trusted.
 */
export class RelayMux {
  readonly #socket: FrameSocket
  readonly #sink: FrameSink
  readonly #unknown: UnknownStream
  readonly #channels = new Map<string, Channel>()
  #reason: Error | undefined

  constructor(socket: FrameSocket, sink: FrameSink, unknown: UnknownStream) {
    this.#socket = socket
    this.#sink = sink
    this.#unknown = unknown
  }

  /** Begins to read the socket. */
  start(): void {
    this.#socket.start({
      frame: (data) => this.#onFrame(data),
      closed: (reason) => this.#end(reason),
    })
  }

  /** Ends all streams at once, and the socket politely. */
  close(reason: Error): void {
    this.#end(reason)
    this.#socket.close(reason)
  }

  get size(): number {
    return this.#channels.size
  }

  /** A channel for an id that is not in use. Its frames go out as `owner`'s. It is over from the start when the socket is. */
  open(streamId: string, owner: object): RelayChannel {
    const channel = new Channel(streamId, {
      send: (body, marks) => this.#sink.send(owner, encodeRelayFrame({ streamId, ...marks, body })),
      drained: () => this.#sink.drained(owner),
      ended: () => void this.#channels.delete(streamId),
    })
    this.#channels.set(streamId, channel)
    if (this.#reason) channel.end(this.#reason)
    return channel
  }

  /** Tells the other end that a stream is not, or no longer, there. */
  reset(streamId: string, owner: object, reason: string): void {
    this.#sink.send(owner, encodeRelayFrame({ streamId, body: { kind: 'reset', reason } }))
  }

  #onFrame(data: Frame): void {
    let frame: RelayFrame
    try {
      frame = decodeRelayFrame(data)
    } catch (error) {
      return this.close(new Misconduct(BridgeError.from(error).message))
    }
    const channel = this.#channels.get(frame.streamId)
    if (channel) channel.receive(frame.body)
    else this.#unknown(frame.streamId, frame.body)
  }

  #end(reason: Error): void {
    this.#reason ??= reason
    for (const channel of [...this.#channels.values()]) channel.end(this.#reason)
  }
}

interface Outlet {
  send(body: RelayBody, marks: FrameMarks): void
  drained(): Promise<void>
  ended(): void
}

class Channel implements RelayChannel {
  readonly streamId: string
  readonly #outlet: Outlet
  #receiver: ChannelReceiver | undefined
  #reason: Error | undefined

  constructor(streamId: string, outlet: Outlet) {
    this.streamId = streamId
    this.#outlet = outlet
  }

  start(receiver: ChannelReceiver): void {
    this.#receiver = receiver
    if (this.#reason) receiver.closed(this.#reason)
  }

  send(body: RelayBody, marks: FrameMarks = {}): void {
    if (!this.#reason) this.#outlet.send(body, marks)
  }

  drained(): Promise<void> {
    return this.#reason ? Promise.resolve() : this.#outlet.drained()
  }

  close(reason: Error): void {
    this.send({ kind: 'reset', reason: reason.message.slice(0, MAX_REASON) })
    this.end(reason)
  }

  receive(body: RelayBody): void {
    if (body.kind === 'reset')
      this.end(
        new BridgeError(
          'unavailable',
          `The stream was reset (${body.reason.slice(0, MAX_REASON) || 'no reason given'})`,
        ),
      )
    else this.#receiver?.body(body)
  }

  /** Over without a word to the other end, which knows. */
  end(reason: Error): void {
    if (this.#reason) return
    this.#reason = reason
    this.#outlet.ended()
    this.#receiver?.closed(reason)
  }
}

import { RPC_LIMITS } from '../rpc/limits.ts'
import { RelayAssembly } from '../rpc/relay-assembly.ts'
import {
  decodeRelayFrame,
  encodeRelayFrame,
  type RelayBody,
  type RelayData,
  type RelayFrame,
} from '../rpc/relay-frames.ts'
import type { Frame, Receiver, Transport } from '../rpc/transport.ts'
import { Turns } from '../rpc/turns.ts'
import { type Deferred, deferred } from '../util/deferred.ts'
import { BridgeError } from '../util/errors.ts'
import { EXECUTOR_LIMITS } from './limits.ts'

/** The longest reason of a `reset` we send. */
const MAX_REASON = 200

export interface RelayStreamsHandlers {
  /** Somebody speaks on a stream that is new. Must take it over at once. */
  opened(stream: Transport): void
  /** The socket is over, and with it every stream. */
  closed(reason: Error): void
}

/**
 * The answering end of a socket with relay frames: each stream that the other end opens is a transport of its own, with one
 * client behind it. They send in turns, so that one with much to say delays the others little. Takes `inner` over. A frame that
 * cannot be read ends the socket: what came after it could not be trusted.
 */
export class RelayStreams {
  readonly #inner: Transport
  readonly #turns: Turns
  readonly #handlers: RelayStreamsHandlers
  readonly #streams = new Map<string, RelayStream>()

  constructor(inner: Transport, handlers: RelayStreamsHandlers) {
    this.#inner = inner
    this.#turns = new Turns(inner, EXECUTOR_LIMITS.streamHighWaterBytes)
    this.#handlers = handlers
    inner.start({ frame: (data) => this.#onFrame(data), closed: (reason) => this.#onClosed(reason) })
  }

  /** Ends the socket, and every stream with it. */
  close(reason: Error): void {
    this.#inner.close(reason)
  }

  #onFrame(data: Frame): void {
    let frame: RelayFrame
    try {
      frame = decodeRelayFrame(data)
    } catch (error) {
      return this.close(BridgeError.from(error))
    }
    const { streamId, body } = frame
    const known = this.#streams.get(streamId)
    if (known) known.receive(frame)
    else if (body.kind === 'data') this.#open(streamId)?.receive(frame)
  }

  #open(streamId: string): RelayStream | undefined {
    const { streams, streamIdBytes } = EXECUTOR_LIMITS
    if (this.#streams.size >= streams || Buffer.byteLength(streamId) > streamIdBytes) {
      const reason = `${this.#streams.size} streams are open, and an id has at most ${streamIdBytes} bytes`
      this.#turns.send(this, encodeRelayFrame({ streamId, body: { kind: 'reset', reason } }))
      return undefined
    }
    const stream = new RelayStream(streamId, this.#turns, {
      ended: () => void this.#streams.delete(streamId),
      heldBytes: () => [...this.#streams.values()].reduce((sum, { heldBytes }) => sum + heldBytes, 0),
    })
    this.#streams.set(streamId, stream)
    this.#handlers.opened(stream)
    return stream
  }

  #onClosed(reason: Error): void {
    for (const stream of [...this.#streams.values()]) stream.end(reason)
    this.#handlers.closed(reason)
  }
}

interface Streams {
  ended(): void
  /** Bytes of messages that all streams have received in part. */
  heldBytes(): number
}

/** One stream: a message whole in each `data` frame we send; what comes repeated is dropped, segments are put together. */
class RelayStream implements Transport {
  readonly maxMessageBytes = RPC_LIMITS.maxRelayPayloadBytes
  readonly #streamId: string
  readonly #turns: Turns
  readonly #streams: Streams
  readonly #assembly = new RelayAssembly(EXECUTOR_LIMITS.messageBytes)
  #receiver: Receiver | undefined
  #nextSeq = 0
  #sentBytes = 0
  /** What the gateway takes in all; one that does not say takes what the socket takes. */
  #credit = Number.POSITIVE_INFINITY
  #granted: Deferred<void> | undefined
  #reason: Error | undefined

  constructor(streamId: string, turns: Turns, streams: Streams) {
    this.#streamId = streamId
    this.#turns = turns
    this.#streams = streams
  }

  get heldBytes(): number {
    return this.#assembly.heldBytes
  }

  start(receiver: Receiver): void {
    this.#receiver = receiver
  }

  send(payload: Frame): void {
    this.#sentBytes += payload.byteLength
    this.#send({ kind: 'data', seq: this.#nextSeq++, segmentIndex: 0, segmentCount: 1, payload })
  }

  async drained(): Promise<void> {
    while (!this.#reason && this.#sentBytes >= this.#credit) {
      this.#granted ??= deferred()
      await this.#granted.promise
    }
    if (!this.#reason) await this.#turns.drained(this)
  }

  close(reason: Error): void {
    this.#send({ kind: 'reset', reason: reason.message.slice(0, MAX_REASON) })
    this.end(reason)
  }

  receive({ body, credit }: RelayFrame): void {
    if (credit !== undefined) this.#grant(credit)
    switch (body.kind) {
      case 'data':
        return this.#onData(body)
      case 'reset':
        this.#turns.forget(this)
        return this.end(
          new BridgeError('unavailable', `The client left (${body.reason || 'no reason given'})`),
        )
      case 'ack':
      case 'resume':
      case 'heartbeat':
      case 'handshake':
        return
    }
  }

  /** Over without a word to the other end, which knows. */
  end(reason: Error): void {
    if (this.#reason) return
    this.#reason = reason
    this.#grant(this.#credit)
    this.#streams.ended()
    this.#receiver?.closed(reason)
  }

  #grant(credit: number): void {
    this.#credit = credit
    this.#granted?.resolve()
    this.#granted = undefined
  }

  #send(body: RelayBody): void {
    if (this.#reason) return
    this.#turns.send(this, encodeRelayFrame({ streamId: this.#streamId, ack: this.#assembly.ack, body }))
  }

  #onData(data: RelayData): void {
    try {
      const message = this.#assembly.push(data)
      if (this.#streams.heldBytes() > EXECUTOR_LIMITS.messageBytes)
        throw new BridgeError('unavailable', 'Too much of half-sent messages is held')
      if (message) this.#receiver?.frame(message)
    } catch (error) {
      this.close(BridgeError.from(error))
    }
  }
}

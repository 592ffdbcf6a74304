import { currentCallIds } from '../util/call-ids.ts'
import { BridgeError } from '../util/errors.ts'
import { RPC_LIMITS } from './limits.ts'
import { RelayAssembly } from './relay-assembly.ts'
import {
  decodeRelayFrame,
  encodeRelayFrame,
  type RelayBody,
  type RelayData,
  type RelayFrame,
} from './relay-frames.ts'
import type { Frame, Pulse, Receiver, Transport } from './transport.ts'

/**
 * One stream of a relay as a transport: our end opens it with `resume`, then each message travels whole in one
 * `data` frame (older executors do not put segments together). Frames of other streams are ignored, repeated ones
 * dropped, segments put together; a `reset` ends it.
 */
export function relayTransport(inner: Transport, streamId: string): Transport {
  return new RelayTransport(inner, streamId)
}

class RelayTransport implements Transport {
  readonly maxMessageBytes = RPC_LIMITS.maxRelayPayloadBytes
  readonly #inner: Transport
  readonly #streamId: string
  #receiver: Receiver | undefined
  readonly #assembly = new RelayAssembly(RPC_LIMITS.maxInboundBytes)
  #nextSeq = 0

  constructor(inner: Transport, streamId: string) {
    this.#inner = inner
    this.#streamId = streamId
  }

  start(receiver: Receiver): void {
    this.#receiver = receiver
    this.#inner.start({ frame: (data) => this.#onFrame(data), closed: (reason) => receiver.closed(reason) })
    this.#send({ kind: 'resume', nextSeq: 0 })
  }

  send(payload: Frame): void {
    const ids = currentCallIds()
    this.#send({ kind: 'data', seq: this.#nextSeq++, segmentIndex: 0, segmentCount: 1, payload, ids })
  }

  drained(): Promise<void> {
    return this.#inner.drained()
  }

  get pulse(): Pulse | undefined {
    return this.#inner.pulse
  }

  close(reason: Error): void {
    this.#send({ kind: 'reset', reason: 'closed' })
    this.#inner.close(reason)
  }

  #send(body: RelayBody): void {
    this.#inner.send(encodeRelayFrame({ streamId: this.#streamId, ack: this.#assembly.ack, body }))
  }

  #onFrame(data: Frame): void {
    let frame: RelayFrame
    try {
      frame = decodeRelayFrame(data)
    } catch (error) {
      return this.#inner.close(BridgeError.from(error))
    }
    if (frame.streamId !== this.#streamId) return
    switch (frame.body.kind) {
      case 'data':
        return this.#onData(frame.body)
      case 'reset':
        return this.#inner.close(
          new BridgeError(
            'unavailable',
            `The gateway ended the stream (${frame.body.reason || 'no reason given'})`,
          ),
        )
      case 'ack':
      case 'resume':
      case 'heartbeat':
      case 'handshake':
        return
    }
  }

  #onData(data: RelayData): void {
    let payload: Frame | undefined
    try {
      payload = this.#assembly.push(data)
    } catch (error) {
      return this.#inner.close(BridgeError.from(error))
    }
    if (payload) this.#receiver?.frame(payload)
  }
}

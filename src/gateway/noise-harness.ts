import type { RelayBody } from '../rpc/relay-frames.ts'
import type { Frame, Receiver, Transport } from '../rpc/transport.ts'
import { deferred } from '../util/deferred.ts'
import { BridgeError } from '../util/errors.ts'
import { type CallOptions, waitFor } from '../util/signals.ts'
import type { GatewayLimits } from './limits.ts'
import type { NoiseHarness, NoisePeer, RelayChannel } from './link.ts'
import { type NoiseIdentity, publicHalf } from './noise/identity.ts'
import { NoiseInitiator, type NoiseKeys } from './noise/initiator.ts'
import { RecordReader, sealRecords } from './noise/records.ts'

/** The gateway as the initiator of Noise streams, with this static key. */
export function noiseHarness(
  identity: NoiseIdentity,
  limits: Pick<GatewayLimits, 'maxMessageBytes'>,
): NoiseHarness {
  return {
    publicKey: publicHalf(identity),
    async open(channel, peer, options) {
      const stream = new NoiseStream(channel, limits.maxMessageBytes)
      await stream.shakeHands(identity, peer, options)
      return stream
    },
  }
}

/** A channel with Noise inside as a transport of plain messages: first the handshake, then records. */
class NoiseStream implements Transport {
  readonly maxMessageBytes: number
  readonly #channel: RelayChannel
  readonly #answer = deferred<Frame>()
  #opened: { readonly keys: NoiseKeys; readonly reader: RecordReader } | undefined
  #receiver: Receiver | undefined
  #reason: Error | undefined
  #nextSeq = 0
  #seen = -1

  constructor(channel: RelayChannel, maxMessageBytes: number) {
    this.#channel = channel
    this.maxMessageBytes = maxMessageBytes
    channel.start({ body: (body) => this.#onBody(body), closed: (reason) => this.#onClosed(reason) })
  }

  /** Rejects with why it failed; the channel is then for nothing more. */
  async shakeHands(identity: NoiseIdentity, peer: NoisePeer, options: CallOptions): Promise<void> {
    const { environmentId, registrationId, key, authorization } = peer
    const name = { environmentId, registrationId, streamId: this.#channel.streamId }
    const initiator = new NoiseInitiator(identity, key, name)
    this.#channel.send({ kind: 'handshake', payload: initiator.first(Buffer.from(authorization)) })
    const keys = initiator.finish(await waitFor(this.#answer.promise, options.signal))
    this.#opened = { keys, reader: new RecordReader(keys.receive) }
  }

  start(receiver: Receiver): void {
    this.#receiver = receiver
    if (this.#reason) receiver.closed(this.#reason)
  }

  send(message: Frame): void {
    if (!this.#opened || this.#reason) return
    for (const payload of sealRecords(message, this.#opened.keys.send))
      this.#channel.send(
        { kind: 'data', seq: this.#nextSeq++, segmentIndex: 0, segmentCount: 1, payload },
        { ack: Math.max(this.#seen, 0) },
      )
  }

  drained(): Promise<void> {
    return this.#channel.drained()
  }

  close(reason: Error): void {
    this.#channel.close(reason)
  }

  #onBody(body: RelayBody): void {
    if (body.kind === 'handshake') return this.#answer.resolve(body.payload)
    if (body.kind !== 'data' || !this.#opened || body.seq <= this.#seen) return
    try {
      if (body.seq !== this.#seen + 1)
        throw new BridgeError('unavailable', 'A record of the stream is missing')
      this.#seen = body.seq
      for (const message of this.#opened.reader.push(body.payload)) this.#receiver?.frame(message)
    } catch (error) {
      this.#channel.close(BridgeError.from(error))
    }
  }

  #onClosed(reason: Error): void {
    this.#reason = reason
    this.#answer.reject(reason)
    this.#receiver?.closed(reason)
  }
}

import type { RelayBody } from '../rpc/relay-frames.ts'
import type { Transport } from '../rpc/transport.ts'
import type { CallOptions } from '../util/signals.ts'
import type { NoisePublicKey } from './noise/identity.ts'

/**
 * How a machine speaks with the gateway, by the version and the flags of its program: bare JSON (`text`: 0.129 and 0.130;
 * `direct`: `--remote-transport direct`), relay frames in clear (`relay`: 0.131 to 0.140) or with Noise inside (`noise`: 0.141
 * and later), or dialled by the gateway where it listens (`dialled`).
 */
export type Era = DialInEra | 'dialled'

/** The eras in which the machine dials the gateway. */
export const DIAL_IN_ERAS = ['text', 'direct', 'relay', 'noise'] as const
export type DialInEra = (typeof DIAL_IN_ERAS)[number]

/** A machine's connection as bridges use it. Whatever the era, a stream of it is a transport of plain JSON-RPC messages. */
export interface ExecutorLink {
  readonly era: Era
  /** How many bridges it serves at a time. */
  readonly maxBridges: number
  /**
   * Opens one stream; the executor has a session for each. Streams of one `owner` share one turn when several owners send
   * at a time. Rejects with `unavailable`, or with `conflict` when it can carry no more.
   */
  open(owner: object, options: CallOptions): Promise<ExecutorStream>
  /** True when what comes for one owner comes on the same socket as what comes for the others. */
  readonly isShared: boolean
  /** Reads nothing more that is for `owner`, on a shared socket nothing at all, until disposed. */
  hold(owner: object): Disposable
  /** Ends it and its streams. */
  close(reason: Error): void
}

/** One stream of a machine's connection. */
export interface ExecutorStream extends Transport {
  /**
   * Slows down this stream alone, until disposed: little more comes on it than is under way. Absent where only the connection can
   * be held as a whole.
   */
  readonly hold?: (() => Disposable) | undefined
}

/** What goes with a frame: the highest `seq` seen, and what may come on the stream in all. */
export interface FrameMarks {
  readonly ack?: number
  readonly credit?: number | undefined
}

/** One stream of a socket with relay frames: what a stream's own framing, or its Noise, is built on. */
export interface RelayChannel {
  readonly streamId: string
  /** Begins to deliver what comes for this stream; `closed` is called once, also after our own `close`. */
  start(receiver: ChannelReceiver): void
  /** Queues one frame. Dropped after the end. */
  send(body: RelayBody, marks?: FrameMarks): void
  /** Resolves when little enough of this stream is queued that more may be sent, or when it is over. */
  drained(): Promise<void>
  /** Ends the stream, and tells the other end by a `reset`. */
  close(reason: Error): void
}

export interface ChannelReceiver {
  body(body: RelayBody): void
  closed(reason: Error): void
}

/** What both ends mix into a handshake, so that it fits no other stream, registration or executor. */
export interface NoisePeer {
  /** As the executor asked for it. */
  readonly environmentId: string
  readonly registrationId: string
  readonly key: NoisePublicKey
  /** Sent inside the handshake; the executor asks us whether it is good before it answers. */
  readonly authorization: string
}

/** The gateway's end of Noise streams: the initiator, with one static key of its own. */
export interface NoiseHarness {
  /** Ours: an executor that asks about another key is told no. */
  readonly publicKey: NoisePublicKey
  /** Does the handshake on a fresh channel; gives the messages inside. Rejects with `unavailable` when it fails. */
  open(channel: RelayChannel, peer: NoisePeer, options: CallOptions): Promise<Transport>
}

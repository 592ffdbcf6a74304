/** One message of the wire: the bytes of one JSON-RPC object, whole. */
export type Frame = Uint8Array

/** What a transport calls. Implemented by whoever reads the frames (the peer, or a framing around another transport). */
export interface Receiver {
  /** One message has come. Called in the order of the wire, never after `closed`, and must not throw. */
  frame(data: Frame): void
  /** The transport is over, for the first reason anyone gave. Called exactly once, also after our own `close`. */
  closed(reason: Error): void
}

/**
 * A pipe for whole messages, one at each end. It keeps order and loses nothing while it lives; it does not come
 * back when it is over: whoever wants more makes a new one.
 */
export interface Transport {
  /** Begins to deliver. Called once, before `send`. What came earlier is delivered first. */
  start(receiver: Receiver): void
  /** Queues one message. After the end it is dropped silently: `closed` has told, or will tell, the reason. */
  send(data: Frame): void
  /** Resolves when little enough is queued that more may be sent, or when the transport is over. Never rejects. */
  drained(): Promise<void>
  /** Ends it, politely and bounded. The first reason wins; a second call does nothing. */
  close(reason: Error): void
  /** The largest message, in bytes, that the other end takes. */
  readonly maxMessageBytes: number
  /** For a wire that may die without a word; absent where the end is always told (memory, pipes). */
  readonly pulse?: Pulse | undefined
}

/** By what one tells whether a silent wire is still alive. */
export interface Pulse {
  /** Bytes that have come so far, whatever they were. */
  readonly receivedBytes: number
  /** Bytes of the messages sent so far, how many of them have certainly arrived, and how many the network has not taken yet. */
  readonly sentBytes: number
  readonly arrivedBytes: number
  readonly queuedBytes: number
  /** Asks the other end for a sign of life. */
  ping(): void
  /** The other end has answered the latest ping: it is there, and hears us. True before the first. */
  readonly isAnswered: boolean
}

/** Bounds of the wire, each with the reason for its number. Sizes in bytes, times in ms. */
export const RPC_LIMITS = {
  /**
   * The largest message we send: what every codex exec-server takes (64 MiB exactly; one byte more and it drops
   * the connection), less room for the envelope.
   */
  maxMessageBytes: 64 * 1024 * 1024 - 4096,
  /** One WebSocket frame of a larger message: exec-servers take 16 MiB, half of it keeps clear of the border. */
  fragmentBytes: 8 * 1024 * 1024,
  /**
   * The same on a wire with a pulse, which has a ping after every so much: so that a line of 200 kbit/s shows every 10 s that it
   * moves. A fast one does not feel them, if their pongs are answered as messages are (see `WebSocketOptions`).
   */
  markBytes: 256 * 1024,
  /** One relay frame is one WebSocket message of at most 16 MiB for the executors behind a gateway. */
  maxRelayPayloadBytes: 16 * 1024 * 1024 - 4096,
  /**
   * The largest message we take. A whole file of 512 MiB would come as 715 MB of text, more than a string of V8
   * may hold; we read windows instead, and nothing we ask for comes near this.
   */
  maxInboundBytes: 256 * 1024 * 1024,
  /** Segments of one relay message that we put together: with 60 KB each this is the largest message. */
  maxRelaySegments: 8192,
  /**
   * Requests that wait for an answer on one connection: a peer that answers nothing must not grow our memory. The bridge has a lower
   * bound of its own, 256; what comes on top are the ends of its processes, of which there are at most 512.
   */
  maxPending: 1024,
  /** Bytes queued on a socket before a sender is asked to wait. */
  highWaterBytes: 4 * 1024 * 1024,
  /**
   * Under way on a socket that many share: at least what keeps a near one busy, at most what a distant one of 1 Gbit/s takes
   * in 130 ms; in between so much that what comes next waits for about this time longer than it must.
   */
  minWindowBytes: 256 * 1024,
  maxWindowBytes: 16 * 1024 * 1024,
  queueMs: 1,
  /** How long a polite close may take before the socket is cut. */
  closeTimeoutMs: 1000,
} as const

/** Bounds of the gateway, each with the reason for its number. Sizes in bytes, times in ms. */
export const GATEWAY_LIMITS = {
  /** All TCP connections: far above a fleet of 1,000 executors and 200 bridges, far below what a system gives out. */
  maxConnections: 10_000,
  /** Tokens are under 1 KB; a request that needs more headers than this is an attack. */
  maxHeaderBytes: 16 * 1024,
  maxHeaders: 64,
  /** How long headers, a TLS handshake or a small body may take: they are one packet or two. */
  headersTimeoutMs: 10_000,
  bodyTimeoutMs: 10_000,
  /** A registration with both public keys has under 2 KB. */
  maxBodyBytes: 64 * 1024,

  /** The largest message of an executor: what stock executors themselves take, and room for the envelope. */
  maxExecutorMessageBytes: 65 * 1024 * 1024,
  /** The largest relay frame of a bridge: one frame of a WebSocket, as executors take it. */
  maxBridgeFrameBytes: 16 * 1024 * 1024,
  /** What an executor with text frames or Noise records takes in one message. */
  maxMessageBytes: 64 * 1024 * 1024 - 4096,
  /** Half-received messages of one executor, or of all bridges to it, over all their streams. */
  maxAssemblyBytes: 64 * 1024 * 1024,

  /** Streams of one bridge, and bridges of one executor: stock executors carry 128 streams a connection. */
  maxStreamsPerBridge: 16,
  maxBridgesPerExecutor: 64,
  /** An id of a stream, as stock executors have it. */
  maxStreamIdBytes: 128,

  /**
   * Bytes that may pass from one end to the other before the sender is held until the receiver has room again, and the other
   * sockets have had their turn: what the system reads at once, and a third of a millisecond of work.
   */
  stepBytes: 64 * 1024,
  /** Queued on the socket of an executor before others wait their turn: little, so that turns are short. */
  executorHighWaterBytes: 256 * 1024,
  /** Queued for a bridge before its executor is held: what a distant bridge needs to be kept busy. */
  bridgeHighWaterBytes: 2 * 1024 * 1024,
  /** What one of our own executors may send on a stream beyond what its bridge has taken: the same, once more. */
  streamCreditBytes: 2 * 1024 * 1024,
  /** Queued for a bridge that does not read while others go on: then it is cut. */
  maxBridgeQueueBytes: 32 * 1024 * 1024,
  /** An executor shared by bridges is held for one of them for so long, and on while that one takes so much in the time. */
  patienceMs: 250,
  patienceBytes: 256 * 1024,

  /** Presence: a ping so often, dead after so long without any sign. */
  pingMs: 10_000,
  deadMs: 25_000,
  /** Whether another machine is live under a name is found out by a ping; over an ocean that takes half a second. */
  probeMs: 2_000,

  /** A stream to an executor must open within this: a Noise handshake waits up to 10 s for the executor's own check. */
  openTimeoutMs: 15_000,
  /** A handshake that fails is tried anew under a fresh id. */
  openTries: 2,

  /** Registrations kept for one executor: the live one, and those of others that try under its name. */
  maxRegistrations: 8,
  /** Registrations of one executor are answered no faster than this; the ones above it late, at most so late. */
  registerSpacingMs: 100,
  maxRegisterDelayMs: 10_000,
  /** A new executor is answered when it is on disk, or after this: late is better than not at all, when the disk hangs. */
  maxRegisterWriteMs: 5_000,

  /** Failed tries in a minute, after which an address, or one token, gets 429; addresses and tokens remembered. */
  failuresPerAddress: 30,
  failuresPerToken: 10,
  failureWindowMs: 60_000,
  maxRemembered: 10_000,

  /** Copies over HTTP: tickets of a workspace at a time, their life, and how long a transfer may stand still. */
  maxTicketsPerWorkspace: 16,
  ticketTtlMs: 5 * 60_000,
  maxTicketTtlMs: 60 * 60_000,
  transferIdleMs: 60_000,

  /** Dialling a listening machine: the whole dial, and the waits between tries. */
  dialTimeoutMs: 10_000,
  firstRetryMs: 1_000,
  lastRetryMs: 30_000,
  /** How often the list of machines to dial is looked at. */
  machinesPollMs: 1_000,

  /** When executors were last seen is written down so often, and on close. */
  lastSeenWriteMs: 30_000,
  /** How long a polite close of everything may take. */
  closeTimeoutMs: 2_000,
} as const

export type GatewayLimits = { readonly [K in keyof typeof GATEWAY_LIMITS]: number }

/** Bounds of this machine as an executor, each with the reason for its number. Sizes in bytes, times in ms. */
export const EXECUTOR_LIMITS = {
  /**
   * Output kept of one process: half of it waits to be read before the process is held back, and as much that was read
   * stays for a reader who comes back (what a stock exec-server keeps).
   */
  outputBytes: 2 * 1024 * 1024,
  /** How long a process is remembered after it closed, as on a stock exec-server (30 s up to 0.166). */
  rememberedMs: 30_000,
  /** Closed processes that are remembered; with more, the oldest go early: at 2 MiB each this is a quarter of a GiB. */
  rememberedProcesses: 128,
  /**
   * With a place on disk: output of one process in memory; what is written to disk at a time, and what may wait for that
   * before the process is held back. On disk: all output together, and that of one process, in files of so much: whole ones
   * go when there is too much.
   */
  spooledOutputBytes: 1024 * 1024,
  spoolBatchBytes: 256 * 1024,
  spoolQueueBytes: 4 * 1024 * 1024,
  spoolBytes: 4 * 1024 ** 3,
  spoolFileBytes: 256 * 1024 ** 2,
  spoolSegmentBytes: 16 * 1024 ** 2,
  /** How long a process and its output are kept when clients share them: a night, and the morning after it. */
  retainMs: 24 * 3600_000,
  /** Closed processes that are kept then, and their output in memory; the rest of it is on disk. */
  retainedProcesses: 2000,
  retainedMemoryBytes: 64 * 1024 * 1024,
  /** How long a session without any process waits for its client then: longer than ours tries to come back. */
  emptySessionMs: 120_000,
  /** Processes in one list, and of the words of each. */
  listedProcesses: 500,
  listedArgvChars: 1000,
  /** The most of one process's output in one answer, when a client takes it in parts. */
  readPartBytes: 1024 * 1024,
  /** Of those that went early, how many ids stay taken: more than a client can start before it hears of the first. */
  rememberedIds: 4096,
  /** How long those who hold the pipes of a killed process (children in sessions of their own) may go on writing. */
  letGoMs: 300,
  /** What `writeFile` takes: the largest file that a stock exec-server reads as a whole. More goes in blocks. */
  writeFileBytes: 512 * 1024 * 1024,
  /** Turns of the event loop in which `sync` looks for more: what a full pipe (1 MiB at most) gives in pieces of a terminal. */
  syncTurns: 256,
  /** Pipes made at a time, and how few are left when the next are made. A process takes two. */
  pipeBatch: 12,
  pipesLeft: 4,
  /** How long a session waits for its client to come back, as on a stock exec-server from 0.142 to 0.166. */
  detachedMs: 30_000,
  /** Sessions at a time, with and without a client: a client that greets in a loop must not grow our memory. */
  sessions: 1024,
  /** Requests of one connection that are worked on at the same time. Our own client keeps at most as many. */
  requests: 256,
  /** Ids of writes that are remembered per session, so that one sent again is not written again. */
  writeIds: 4096,
  /** The longest a `process/read` waits. */
  readWaitMs: 10 * 60_000,
  /** Entries of one directory in one answer, as on a stock exec-server. */
  directoryEntries: 50_000,
  /** How far a walk may be asked to go, as on a stock exec-server. */
  walkDepth: 64,
  walkDirectories: 10_000,
  /** The longest message taken, as on a stock exec-server. */
  messageBytes: 64 * 1024 * 1024,
  /** Connections at a time. */
  connections: 256,

  /** Streams on one connection to a gateway, and an id of one, as on a stock exec-server. */
  streams: 128,
  streamIdBytes: 128,
  /** What one of them may have waiting for its turn before those who send much on it wait. */
  streamHighWaterBytes: 256 * 1024,
  /** How long a registration may take (a gateway that has many to answer answers late), and its answer at most. */
  registerMs: 30_000,
  registerBytes: 64 * 1024,
  dialMs: 10_000,
  /** A gateway is pinged so often, and taken for gone after so long without a sign; as it does with us. */
  pingMs: 10_000,
  deadMs: 25_000,
  /** Waits between tries to connect to a gateway, and what of a connection makes them begin anew. */
  retryFirstMs: 1000,
  retryMostMs: 30_000,
  healthyMs: 10_000,
  briefMs: 1000,

  /** Ends of copies through a gateway of one client at a time, and as many that are over are remembered. */
  relays: 64,
  /** A connection for one must be there within this; nothing may move on it for longer than a gateway bears it. */
  relayConnectMs: 10_000,
  relayIdleMs: 90_000,
  /** What is read of a file at a time, and what may wait to be written to one: enough to write many pieces in one call. */
  relayPieceBytes: 256 * 1024,
  relayQueueBytes: 4 * 1024 * 1024,
  /** Of what a command for one writes to stderr the end is kept. */
  relayStderrChars: 4096,
} as const

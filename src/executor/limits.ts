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
  /** The longest message taken, as on a stock exec-server. */
  messageBytes: 64 * 1024 * 1024,
  /** Connections at a time. */
  connections: 256,
} as const

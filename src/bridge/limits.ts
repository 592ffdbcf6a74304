import type { Methods } from '../protocol/methods.ts'

/** Bounds of the bridge, each with the reason for its number. Sizes in bytes, times in ms. */
export const BRIDGE_LIMITS = {
  /** From the first packet to the open socket: a machine that is up answers in a few round trips. */
  dialTimeoutMs: 10_000,
  /** A login shell asked for what an old executor does not tell: a slow profile must not keep the machine away. */
  askShellTimeoutMs: 5_000,
  /** How long a missing event of a process is waited for before the executor is asked: it is late by microseconds, if at all. */
  holeMs: 100,
  /** Events of one process held behind a missing one. A missing event is late by one or two, so this many means never. */
  heldEvents: 4096,
  /**
   * Requests under way on one connection; those that come later wait here. A stock exec-server reads 128 messages ahead, and
   * one that is sent 250 at once answers nothing any more (0.150 to 0.169). It works on one at a time, so nothing is lost.
   */
  unansweredCalls: 64,
  /** How long a terminate waits behind a write that hangs before the connection is given up. */
  stuckWriteMs: 2_000,
  /** Output of one process that waits to be read. Readers keep up; this is for one that stalls for some seconds. */
  bufferedBytes: 8 * 1024 * 1024,
  /** stdin of one process on the way: what a stuck write may hold, and what a long line (in ms) needs to be filled. */
  unacknowledgedBytes: 1024 * 1024,
  /** A file up to this size is read in one request: 65 ms of a connection that serves one at a time. */
  wholeReadBytes: 8 * 1024 * 1024,
  /** A larger one is read in windows of this size. */
  windowBytes: 4 * 1024 * 1024,
  /** A file up to this size is written in one request, where blocks are another way. */
  wholeWriteBytes: 8 * 1024 * 1024,
  /** Of a message to an executor, what is not the file's content: a path of 4096 bytes, each as %XX, and the rest. */
  envelopeBytes: 64 * 1024,
  /** Of a helper program's stderr: enough for its reason. In chunks of at most 8 KiB. */
  stderrChunks: 4,
  /** A connection without process or call is closed after this time. */
  idleMs: 5 * 60_000,
  /** How often idle connections are looked for. */
  sweepMs: 15_000,
  /** Connections of one pool. */
  connections: 512,
  /** Calls of one session at a time, those that wait for a connection too: a machine that is away must not grow our memory. */
  calls: 256,
  /** Of these, blocks of files: a copy has 32 under way, and a few copies must not make the machine too busy for other calls. */
  blocks: 64,
  /** How often a connection that somebody waits on is looked at. */
  lookMs: 1000,
  /** How long after a sign of life the other end is asked for another, and how long it has to give one. */
  silenceMs: 10_000,
  verdictMs: 10_000,
  /** What must come between two looks for an answer to be behind it: more than the pings and small news of a connection. */
  newsBytes: 4096,
  /** What must have been sent for a ping to be held up behind it by a machine on a slow line: more than calls without content. */
  aheadBytes: 64 * 1024,
  /** How many times its deadline a large answer may take on a slow line: for 4 MiB at 30 s each, one of 150 kbit/s. */
  answerPeriods: 10,
  /** The same when this machine has slept: most connections are dead then, and a living one answers in a round trip. */
  wakeVerdictMs: 3_000,
  /** A clock that is ahead by more than this says that time has passed unseen. */
  jumpMs: 5_000,
  /** Before a lost connection is dialled again: at once, then up to 200 ms, doubling to 5 s; anew after 10 s of health. */
  backoff: { firstMs: 200, mostMs: 5_000, healthyMs: 10_000, briefMs: 100 },
  /**
   * When a lost connection is dialled in any case: just before executors (to 0.141, to 0.166, from 0.169 on) end a session that has
   * none. Up to so much sooner, so that those who lost it together do not come back together.
   */
  lastChancesMs: [9_000, 29_000, 79_000],
  lastChanceSpreadMs: 500,
  /** How long a lost connection is dialled for: the longest that a stock executor keeps a session is 80 s. */
  patienceMs: 90_000,
  /** The same when nobody needed it when it was lost: then only somebody who calls now is kept waiting. */
  idlePatienceMs: 20_000,
  /** One try, greeting included: the machine answered in a few round trips before, and a try that hangs must leave time for others. */
  redialTimeoutMs: 5_000,
  /** Of it, how long a token that is refused may take to be written anew: files are looked at every second. */
  rotationMs: 3_000,
  /** Output in one answer, of an executor that gives it in parts. */
  readPartBytes: 1024 * 1024,
  /** How often one request is sent again: one that itself ends every connection must not do so for ever. */
  repeats: 20,
  /** Between two looks for a process whose start is still under way, and how many there are. */
  startingMs: 50,
  startingLooks: 20,
  /** How much sooner than the executor we forget the id of a process: what a request may take to get there. */
  forgetMarginMs: 5_000,
  /** A ticket for a copy: the gateway is next door, and its answer small. */
  relayAskTimeoutMs: 5_000,
  relayAnswerBytes: 64 * 1024,
  /** Whoever gives a copy up waits so long for its end on a machine: a few round trips, and not for one that is away. */
  relayEndMs: 2_000,
} as const

/**
 * How long an answer is waited for when the caller sets no limit, in ms. Generous:
 * executors answer one at a time, and a call whose connection has died without a word is only sent over another one if it still waits
 * when that is found out (20 s).
 */
export const DEADLINE_MS: Readonly<Record<keyof Methods, number>> = {
  initialize: 10_000,
  'environment/info': 10_000,
  'process/start': 30_000,
  'process/read': 30_000,
  // Ends with the process or the connection: giving one up would lose the order of what follows.
  'process/write': 0,
  'process/signal': 30_000,
  'process/terminate': 30_000,
  'process/closeStdin': 30_000,
  'process/resize': 30_000,
  'process/list': 30_000,
  'process/attach': 30_000,
  'fs/readFile': 60_000,
  'fs/writeFile': 120_000,
  'fs/createDirectory': 30_000,
  'fs/getMetadata': 30_000,
  'fs/readDirectory': 60_000,
  // Whole trees.
  'fs/remove': 600_000,
  'fs/copy': 600_000,
  'fs/canonicalize': 30_000,
  'fs/open': 30_000,
  'fs/readBlock': 30_000,
  'fs/writeBlock': 60_000,
  'fs/close': 30_000,
  // 1 GB/s, of files of 500 GB.
  'fs/hash': 600_000,
  'fs/rename': 30_000,
  // As long as something moves: who sees to that is the gateway.
  'relay/send': 0,
  'relay/receive': 0,
  'relay/end': 30_000,
}

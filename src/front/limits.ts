/** Bounds of the front, each with the reason for its number. Sizes in bytes, times in ms. */
export const FRONT_LIMITS = {
  /** One line from the client: a patch or a file in an argument is far below; what is above is skipped unread. */
  lineBytes: 64 * 1024 * 1024,
  /** One line to the client: the TypeScript clients close the connection above 10 MiB, codex loses what is above 16. */
  answerBytes: 10_000_000,
  /** A request's id as JSON: it is kept while the request runs, and echoed. */
  idLength: 1000,
  /** What a client says of itself in the `Caller`, and what of its words an error repeats. In characters. */
  textLength: 200,
  /** Requests that run at a time on one connection: agents have at most dozens. */
  runningRequests: 256,
  /** Messages that wait for stdout before no more is read: as many as can come of requests that run already. */
  queuedMessages: 256,
  /** Least time between two progress notifications of one call: ten a second are as many as a person sees. */
  progressEveryMs: 100,
  /** Patience with calls and with stdout once the client is gone: codex kills 25 to 45 ms after it closed stdin. */
  endMs: 30,
} as const

export type FrontLimits = { readonly [Name in keyof typeof FRONT_LIMITS]: number }

/**
 * Why a call failed, as far as a caller may act on it. The code stands in front of every message a model
 * or a person reads, so the first word says the class of failure.
 */
export type Code =
  | 'invalid_input' // the arguments cannot be used: change them
  | 'not_found' // the named thing is not there
  | 'denied' // not allowed, or not authorised
  | 'unavailable' // the other end cannot be reached now: try again later
  | 'canceled' // the caller gave up
  | 'deadline' // the time was over
  | 'process_lost' // a process, and what it still wrote, can no longer be reached
  | 'conflict' // the state of the thing does not allow it
  | 'internal' // a bug of ours

/** The one error class of the program. `message` is for the reader, without the code; `code` is for programs. */
export class BridgeError extends Error {
  readonly code: Code

  constructor(code: Code, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'BridgeError'
    this.code = code
  }

  /** The text a model or a person reads: `[code] message`. */
  get text(): string {
    return `[${this.code}] ${this.message}`
  }

  /**
   * Makes one of ours of any thrown value, once, where foreign errors enter. `code` is used for what says
   * nothing by itself; system errors and aborts bring their own.
   */
  static from(reason: unknown, code: Code = 'internal'): BridgeError {
    if (reason instanceof BridgeError) return reason
    if (!(reason instanceof Error)) return new BridgeError(code, String(reason), { cause: reason })
    return new BridgeError(codeOf(reason) ?? code, reason.message, { cause: reason })
  }
}

const SYSTEM_CODES: Readonly<Record<string, Code>> = {
  ENOENT: 'not_found',
  ENOTDIR: 'not_found',
  EACCES: 'denied',
  EPERM: 'denied',
  EROFS: 'denied',
  EEXIST: 'conflict',
  EISDIR: 'conflict',
  ENOTEMPTY: 'conflict',
  ENOSPC: 'conflict',
  EDQUOT: 'conflict',
  EFBIG: 'conflict',
  ENAMETOOLONG: 'invalid_input',
  E2BIG: 'invalid_input',
  ERR_INVALID_ARG_VALUE: 'invalid_input',
  ECONNREFUSED: 'unavailable',
  ECONNRESET: 'unavailable',
  EHOSTUNREACH: 'unavailable',
  ENETUNREACH: 'unavailable',
  ENOTFOUND: 'unavailable',
  EAI_AGAIN: 'unavailable',
  ETIMEDOUT: 'unavailable',
  EPIPE: 'unavailable',
}

function codeOf(error: Error): Code | undefined {
  for (let e: unknown = error; e instanceof Error; e = e.cause) {
    if (e instanceof BridgeError) return e.code
    if (e.name === 'AbortError') return 'canceled'
    if (e.name === 'TimeoutError') return 'deadline'
    const { code } = e as NodeJS.ErrnoException
    if (typeof code === 'string' && SYSTEM_CODES[code]) return SYSTEM_CODES[code]
  }
  return undefined
}

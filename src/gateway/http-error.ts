import { BridgeError, type Code } from '../util/errors.ts'

const CODES: Readonly<Record<number, Code>> = {
  401: 'denied',
  403: 'denied',
  404: 'not_found',
  405: 'not_found',
  409: 'conflict',
  410: 'not_found',
  423: 'conflict',
  429: 'unavailable',
  500: 'internal',
  503: 'unavailable',
}

/** A refusal as HTTP says it: thrown anywhere on the way of a request, told in one place. The message is its whole body. */
export class HttpError extends BridgeError {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(CODES[status] ?? 'invalid_input', message)
    this.name = 'HttpError'
    this.status = status
    this.headers = headers
  }

  /** Any thrown value as a refusal. What is no refusal of ours is a bug: 500, and nothing said about it. */
  static of(reason: unknown): HttpError {
    return reason instanceof HttpError ? reason : new HttpError(500, 'The gateway failed: its log says why')
  }
}

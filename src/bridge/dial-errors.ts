import type { IncomingMessage } from 'node:http'
import { BridgeError, type Code } from '../util/errors.ts'

/** Of the text of a refusal, what is read and shown; and how long it may take to come. */
const REFUSAL_CHARS = 300
const REFUSAL_TIMEOUT_MS = 500

/** The least that counts as a part of a token. */
const TOKEN_PART_CHARS = 4

/** The other end answered, but did not let us in. */
export class DialRefused extends BridgeError {
  /** Of the HTTP answer. */
  readonly status: number

  constructor(code: Code, message: string, status: number) {
    super(code, message)
    this.name = 'DialRefused'
    this.status = status
  }
}

/**
 * The words that come with a refusal, on one line, without the token; empty when there are none, or no plain ones. Never rejects.
 */
export async function readRefusal(response: IncomingMessage, token: string | undefined): Promise<string> {
  // A token that begins in what is shown is read to its end: half of one would not be known for what it is.
  const enough = REFUSAL_CHARS + (token?.length ?? 0)
  const timer = setTimeout(() => response.destroy(), REFUSAL_TIMEOUT_MS)
  timer.unref()
  let text = ''
  try {
    for await (const chunk of response.setEncoding('utf8')) {
      text += chunk
      if (text.length >= enough) break
    }
  } catch {
    // What came before counts.
  } finally {
    clearTimeout(timer)
    response.destroy()
  }
  const line = withoutToken(text, token).replace(/\s+/g, ' ').trim()
  return line.startsWith('<') ? '' : line.slice(0, REFUSAL_CHARS)
}

/** Also without a beginning of it at the very end: the rest may not have come. What is shorter tells nothing, and may be a word. */
function withoutToken(text: string, token: string | undefined): string {
  if (!token) return text
  const rest = text.replaceAll(token, '…')
  for (let length = token.length - 1; length >= TOKEN_PART_CHARS; length--)
    if (rest.endsWith(token.slice(0, length))) return `${rest.slice(0, -length)}…`
  return rest
}

/** An HTTP answer where an upgrade was due. `action` begins the message, `text` is what came with it. */
export function refusedUpgrade(action: string, status: number, text: string): DialRefused {
  const [code, why] = meaningOf(status)
  return new DialRefused(code, `${action}: HTTP ${status}${text ? ` (${text})` : ''}, ${why}`, status)
}

function meaningOf(status: number): [Code, string] {
  if (status === 401) return ['denied', 'the token is missing, wrong, expired or revoked: it must be renewed']
  if (status === 403)
    return ['denied', 'the token is not for this machine: ask for access, or use another environment']
  if (status === 404) return ['not_found', 'no executor is served there: check the URL']
  if (status === 429) return ['unavailable', 'it is busy, or was asked too often: try again later']
  if (status === 503)
    return ['unavailable', 'the machine is not connected now: try again later, or use another environment']
  if (status >= 500) return ['unavailable', 'a fault of the other end: try again later']
  if (status >= 300 && status < 400)
    return ['unavailable', 'a redirect, which is not followed: give the URL it leads to']
  return ['unavailable', 'no WebSocket is served there: check the URL']
}

/** No HTTP answer at all. */
export function unreachable(action: string, error: Error): BridgeError {
  const { code = '' } = error as NodeJS.ErrnoException
  const why =
    WHY[code] ?? (TLS.test(`${code} ${error.message}`) ? `TLS failed: ${error.message}` : error.message)
  return new BridgeError('unavailable', `${action}: ${why}`, { cause: error })
}

const WHY: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused, nothing listens there now',
  ECONNRESET: 'the connection was cut before it was open',
  ENOTFOUND: 'no such host, check the name',
  EAI_AGAIN: 'the name cannot be looked up now, try again later',
  EHOSTUNREACH: 'no way to the host',
  ENETUNREACH: 'no way to its network',
  ETIMEDOUT: 'no answer in time',
}

const TLS = /CERT|TLS|SSL|SIGNED|SIGNATURE|EPROTO/i

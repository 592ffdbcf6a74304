import type { IncomingMessage } from 'node:http'
import { isSameSecret } from '../util/same-secret.ts'

/** Why a client is not let in, as an HTTP answer. */
export interface Rejection {
  /** `401 Unauthorized`. */
  readonly status: string
  readonly text: string
}

/**
 * Judges the request for a WebSocket; undefined: it may come in. Browsers are refused by the Origin they send: a page
 * must not be able to run commands here. The rules and texts are those of a stock exec-server.
 */
export function admit(request: IncomingMessage, token: string | undefined): Rejection | undefined {
  const { origin, authorization } = request.headers
  if (origin !== undefined) return { status: '403 Forbidden', text: '' }
  if (request.url !== '/') return { status: '404 Not Found', text: '' }
  const flaw = token === undefined ? undefined : flawOf(authorization, token)
  return flaw === undefined ? undefined : { status: '401 Unauthorized', text: flaw }
}

function flawOf(authorization: string | undefined, token: string): string | undefined {
  if (authorization === undefined) return 'missing websocket bearer token'
  const given = /^bearer +(\S+) *$/i.exec(authorization)?.[1]
  if (given === undefined) return 'invalid authorization header'
  return isSameSecret(given, token) ? undefined : 'invalid websocket bearer token'
}

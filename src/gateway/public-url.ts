import type { TLSSocket } from 'node:tls'
import type { Ask } from './ask.ts'

/** How the gateway is reached from outside, for addresses it gives away. */
export interface PublicUrl {
  /** Without a slash at the end: `https://gateway.example`. */
  http(ask: Ask): string
  ws(ask: Ask): string
}

/**
 * The URL that was set; otherwise the one the request came by: its Host has been checked, so that an address given away leads
 * back here, by the same tunnel too.
 */
export function publicUrl(set: string | undefined, isBehindProxy: boolean): PublicUrl {
  const http = (ask: Ask) =>
    set?.replace(/\/+$/, '') ?? `${schemeOf(ask, isBehindProxy)}://${ask.request.headers.host}`
  return { http, ws: (ask) => http(ask).replace(/^http/, 'ws') }
}

function schemeOf({ request }: Ask, isBehindProxy: boolean): 'http' | 'https' {
  const isTls = (request.socket as Partial<TLSSocket>).encrypted === true
  const isTlsAtProxy = isBehindProxy && request.headers['x-forwarded-proto'] === 'https'
  return isTls || isTlsAtProxy ? 'https' : 'http'
}

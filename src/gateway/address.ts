import type { IncomingMessage } from 'node:http'
import { isIPv6 } from 'node:net'

/**
 * Where a request came from. Behind a proxy it is the last one the proxy names: those before it are what the client
 * itself claimed.
 */
export function addressOf(request: IncomingMessage, isBehindProxy: boolean): string {
  const forwarded = isBehindProxy ? [request.headers['x-forwarded-for'] ?? []].flat().at(-1) : undefined
  const address = forwarded?.split(',').at(-1)?.trim() || request.socket.remoteAddress || 'unknown'
  return networkOf(address.slice(0, 64).replace(/^::ffff:(?=\d+\.)/, ''))
}

/** An IPv6 customer has a whole /64: its addresses count as one. */
function networkOf(address: string): string {
  if (!isIPv6(address)) return address
  const [head = '', tail] = address.split('::')
  const front = head === '' ? [] : head.split(':')
  const back = tail ? tail.split(':') : []
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - front.length - back.length)
  const groups = [...front, ...Array<string>(zeros).fill('0'), ...back]
  return address === '::1' ? address : `${groups.slice(0, 4).join(':')}::/64`
}

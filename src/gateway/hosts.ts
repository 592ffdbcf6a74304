import { isIP } from 'node:net'
import { hostname } from 'node:os'
import { isLoopback } from '../util/loopback.ts'

/**
 * Whether a request's `Host` is one the gateway goes by. A page in a browser can point a name of its own at our address
 * (DNS rebinding), but cannot choose the Host that then comes with it: names are checked, ports are not, so that tunnels
 * work. An address as a Host is no name of anybody else's; on loopback only loopback's are ours.
 */
export function hostCheck(
  listenHost: string,
  publicUrl: string | undefined,
): (host: string | undefined) => boolean {
  const names = new Set([listenHost.toLowerCase(), ...(publicUrl ? [hostOf(new URL(publicUrl).host)] : [])])
  const isLocal = isLoopback(listenHost)
  if (!isLocal) names.add(hostname().toLowerCase())
  return (header) => {
    const host = hostOf(header ?? '')
    if (host === '') return false
    return isLoopback(host) || names.has(host) || (!isLocal && isIP(host) !== 0)
  }
}

/** `[::1]:80` → `::1`, `Example.org:80` → `example.org`. */
function hostOf(header: string): string {
  const host =
    /^\[([0-9a-f:.]+)\](?::\d*)?$/i.exec(header)?.[1] ?? /^([^:/?#@\s]+)(?::\d*)?$/.exec(header)?.[1]
  return (host ?? '').toLowerCase()
}

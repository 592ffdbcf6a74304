/**
 * The option of a WebSocket client for how its frames are masked. A mask keeps what stands between both ends from taking data for
 * requests (RFC 6455, 10.3). Inside TLS and on loopback nothing does: there the mask is zero, which `ws` need not apply, and
 * that is a third of the work of sending bulk. Elsewhere it is random.
 */
export function maskingFor(url: string): { generateMask?: (mask: Buffer) => void } {
  const { protocol, hostname } = new URL(url)
  return protocol === 'wss:' || LOOPBACK.test(hostname) ? { generateMask: (mask) => mask.fill(0) } : {}
}

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/

import type { IncomingMessage } from 'node:http'
import { BridgeError, type Code } from '../util/errors.ts'
import { type CallOptions, callScope } from '../util/signals.ts'
import { EXECUTOR_LIMITS } from './limits.ts'

export interface RegisterRequest {
  /** The gateway: `http://…` or `https://…`. */
  readonly gatewayUrl: string
  /** The executor's name or id there. */
  readonly name: string
  /** A join token; it appears in no error. */
  readonly token: string
  /** The same for all registrations of this process. */
  readonly processId: string
  /** What the machine is for; undefined: what the token says. */
  readonly description: string | undefined
}

/**
 * Registers with a gateway as a `codex exec-server --remote` of the cleartext era does, and gives the address to dial, which
 * is a secret. Rejects with `denied` when the token is refused, with `unavailable` for what may be better later.
 */
export async function register(request: RegisterRequest, options: CallOptions): Promise<string> {
  const action = `Cannot register with ${new URL(request.gatewayUrl).origin}`
  using scope = callScope({ timeoutMs: EXECUTOR_LIMITS.registerMs, ...options }, 'Registering')
  let answer: Answer
  try {
    answer = await post(request, scope.signal)
  } catch (error) {
    const { code, message } = BridgeError.from(error, 'unavailable')
    throw new BridgeError(code, `${action}: ${message}`, { cause: error })
  }
  if (answer.status !== 200) {
    const said = answer.text.replaceAll(request.token, '…').replace(/[\p{Cc}\s]+/gu, ' ')
    throw new BridgeError(codeOf(answer.status), `${action}: ${answer.status} ${said.slice(0, 300).trim()}`)
  }
  return addressIn(answer.text, request.gatewayUrl, action)
}

interface Answer {
  readonly status: number
  readonly text: string
}

async function post(request: RegisterRequest, signal: AbortSignal): Promise<Answer> {
  const { gatewayUrl, name, token, processId, description } = request
  const url = `${gatewayUrl.replace(/\/+$/, '')}/cloud/environment/${encodeURIComponent(name)}/register`
  const body = JSON.stringify({
    idempotency_id: processId,
    stream_credit: true,
    ...(description ? { description } : {}),
  })
  const headers = {
    Authorization: `Bearer ${token}`,
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
  }
  const http = url.startsWith('https:') ? await import('node:https') : await import('node:http')
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    http
      .request(url, { method: 'POST', headers, agent: false, signal }, resolve)
      .on('error', reject)
      .end(body)
  })
  const chunks: Buffer[] = []
  let bytes = 0
  // Leaving the loop early destroys the response, and with it the socket.
  for await (const chunk of response) {
    bytes += chunk.length
    if (bytes > EXECUTOR_LIMITS.registerBytes) break
    chunks.push(chunk)
  }
  return { status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }
}

function codeOf(status: number): Code {
  return status === 401 || status === 403 ? 'denied' : 'unavailable'
}

/** The address leads where the gateway says; a gateway behind TLS must not send us where others can read along. */
function addressIn(text: string, gatewayUrl: string, action: string): string {
  const url = urlIn(text)
  if (!url || !/^wss?:$/.test(url.protocol))
    throw new BridgeError('unavailable', `${action}: the answer names no ws:// or wss:// address`)
  if (gatewayUrl.startsWith('https:') && url.protocol !== 'wss:')
    throw new BridgeError('unavailable', `${action}: the answer names an address without TLS`)
  return url.href
}

function urlIn(text: string): URL | undefined {
  try {
    const value: unknown = JSON.parse(text)
    const url: unknown = typeof value === 'object' && value !== null && 'url' in value ? value.url : undefined
    return typeof url === 'string' ? new URL(url) : undefined
  } catch {
    return undefined
  }
}

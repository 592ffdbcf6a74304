import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'

export interface HttpAnswer {
  readonly status: number
  readonly body: string
  readonly headers: IncomingMessage['headers']
  /** The body as JSON. */
  json(): Record<string, unknown>
}

export interface HttpAskOptions {
  readonly method?: string
  readonly token?: string | undefined
  readonly headers?: Record<string, string>
  /** Sent as JSON, or as it is when it is a text. */
  readonly body?: unknown
}

/** One request on a connection of its own. Resolves with whatever status comes. */
export async function askHttp(url: string, options: HttpAskOptions = {}): Promise<HttpAnswer> {
  const { method = options.body === undefined ? 'GET' : 'POST', token, body } = options
  const headers = { ...options.headers, ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }) }
  const request = httpRequest(url, { method, headers, agent: false })
  request.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body))
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  return answerOf(response)
}

/** Asks for a WebSocket, and gives the refusal; rejects when it is granted. */
export async function askUpgrade(url: string, options: HttpAskOptions = {}): Promise<HttpAnswer> {
  const { token } = options
  const headers = {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    ...options.headers,
    ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
  }
  const request = httpRequest(url.replace(/^ws/, 'http'), { headers, agent: false })
  request.end()
  const upgraded = once(request, 'upgrade').then(([, socket]) => {
    socket.destroy()
    throw new Error('The WebSocket was granted')
  })
  const [response] = (await Promise.race([once(request, 'response'), upgraded])) as [IncomingMessage]
  upgraded.catch(() => {})
  return answerOf(response)
}

async function answerOf(response: IncomingMessage): Promise<HttpAnswer> {
  const body = (await text(response)).trim()
  return {
    status: response.statusCode ?? 0,
    body,
    headers: response.headers,
    json: () => JSON.parse(body),
  }
}

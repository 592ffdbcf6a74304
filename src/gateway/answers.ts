import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { HttpError } from './http-error.ts'
import type { Answer } from './routes.ts'

/** How long the rest of a body that nobody wants is read away before the connection is cut. */
const REST_MS = 2_000

/** Writes an answer. Where part of another one is on the wire already, the connection is cut instead. */
export function writeAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.headersSent) return void response.destroy()
  const isJson = answer.json !== undefined
  const body = isJson ? JSON.stringify(answer.json) : `${answer.text ?? STATUS_CODES[answer.status]}\n`
  response.writeHead(answer.status, {
    'Content-Type': answer.contentType ?? (isJson ? 'application/json' : 'text/plain; charset=utf-8'),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...headers,
  })
  response.end(body)
  if (!request.complete) dropRest(request)
}

/** Reads away what still comes of a body, so that the client gets to see the answer; a long one is cut. */
function dropRest(request: IncomingMessage): void {
  const cut = setTimeout(() => request.destroy(), REST_MS)
  cut.unref()
  request.once('close', () => clearTimeout(cut)).resume()
}

/** Answers a WebSocket's request that is not taken. */
export function refuseUpgrade(socket: Duplex, { status, message, headers }: HttpError): void {
  const body = `${message}\n`
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Refused'}`,
    'Connection: close',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ]
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`)
  const cut = setTimeout(() => socket.destroy(), REST_MS)
  cut.unref()
  socket.once('close', () => clearTimeout(cut))
}

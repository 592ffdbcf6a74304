import type { IncomingMessage } from 'node:http'
import type { CallOptions } from '../util/signals.ts'

/** What a server answered, as it stands: a redirect is an answer too, nobody follows it. */
export interface TextAnswer {
  readonly status: number
  readonly text: string
  /** The body was longer than asked for; `text` is its beginning. */
  readonly isCut: boolean
}

/**
 * GETs `url` on a connection of its own and reads at most `maxBytes` of the body. Rejects with what the socket said,
 * or when the signal aborts.
 */
export async function getText(
  url: string,
  request: { headers: Record<string, string>; maxBytes: number },
  { signal }: CallOptions,
): Promise<TextAnswer> {
  const response = await get(url, request.headers, signal)
  const chunks: Buffer[] = []
  let room = request.maxBytes
  // Leaving the loop early destroys the response, and with it the socket.
  for await (const chunk of response) {
    chunks.push(chunk.subarray(0, room))
    room -= chunk.length
    if (room < 0) break
  }
  return { status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8'), isCut: room < 0 }
}

async function get(url: string, headers: Record<string, string>, signal: AbortSignal | undefined) {
  const { request } = url.startsWith('https:') ? await import('node:https') : await import('node:http')
  return new Promise<IncomingMessage>((resolve, reject) => {
    request(url, { headers, agent: false, ...(signal && { signal }) }, resolve)
      .on('error', reject)
      .end()
  })
}

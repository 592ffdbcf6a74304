import type { Server } from 'node:http'
import { Socket } from 'node:net'

/** A connection on which no request could be read. */
export interface BadConnection {
  readonly address: string
  /** What it was answered; 0 when there was nobody to answer. */
  readonly status: number
  readonly why: string
}

/** It went away, in the middle of a request or between two. */
const GONE = new Set(['ECONNRESET', 'HPE_INVALID_EOF_STATE'])

/**
 * Answers what is no request, and ends it: headers too large (431) or too slow (408), and all else (400). A handshake of TLS that
 * fails or does not end, and a connection over the limit, are ended without a word. Who just goes away is not told of.
 */
export function endBadConnections(server: Server, told: (connection: BadConnection) => void): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const address = addressOf(socket)
    const { code = '' } = error
    const isTls = /^ERR_(SSL|TLS)_/.test(code)
    const [status, text] = isTls ? [0, `No TLS: ${error.message}`] : answerTo(code)
    const wasThere = socket.writable && !GONE.has(code)
    if (wasThere && !isTls) socket.write(`HTTP/1.1 ${status} ${text}\r\nConnection: close\r\n\r\n`)
    socket.destroy()
    if (wasThere) told({ address, status, why: text })
  })
  server.on('drop', (dropped) =>
    told({ address: dropped?.remoteAddress ?? '', status: 0, why: 'Too many connections' }),
  )
}

function addressOf(socket: unknown): string {
  return (socket instanceof Socket && socket.remoteAddress) || ''
}

function answerTo(code: string): [number, string] {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return [431, 'Request Header Fields Too Large']
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return [408, 'Request Timeout']
    default:
      return [400, 'Bad Request']
  }
}

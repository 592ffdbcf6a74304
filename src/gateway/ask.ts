import type { IncomingMessage } from 'node:http'
import { BridgeError } from '../util/errors.ts'
import { HttpError } from './http-error.ts'
import type { GatewayLimits } from './limits.ts'

/** One request, as the routes see it. */
export interface Ask {
  readonly request: IncomingMessage
  /** The route it came by, for logs: never its path, which may hold a ticket. */
  readonly route: string
  /** Where it came from, as far as failed tries are counted. */
  readonly address: string
  /** The parts of its path that the route names. */
  readonly params: Readonly<Record<string, string>>
}

/** The token of `Authorization: Bearer …`; `undefined` without one. */
export function bearerOf({ request }: Ask): string | undefined {
  return /^Bearer +([^\s]+)$/i.exec(request.headers.authorization ?? '')?.[1]
}

/** The JSON of a small body; `undefined` for an empty one. Throws as `readBody` and `parseJson` do. */
export async function readJson(ask: Ask, limits: GatewayLimits): Promise<unknown> {
  return parseJson(await readBody(ask.request, limits))
}

/** Throws 400 when a body is not JSON; an empty one is `undefined`. */
export function parseJson(body: Buffer): unknown {
  if (body.byteLength === 0) return undefined
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    throw new HttpError(400, 'The body is not JSON')
  }
}

/** Reads a part of a request with a parser that throws plain sentences; what is wrong is a 400 that says so. */
export function checked<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    throw new HttpError(400, `The request cannot be used: ${BridgeError.from(error).message}`)
  }
}

/** A small body, whole. Throws 413 when it is too large, 408 when it does not come, 400 when it is cut. */
export function readBody(
  request: IncomingMessage,
  { maxBodyBytes, bodyTimeoutMs }: GatewayLimits,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    const stop = (error: HttpError) => {
      settle()
      reject(error)
    }
    const onData = (chunk: Buffer) => {
      bytes += chunk.byteLength
      if (bytes > maxBodyBytes) stop(new HttpError(413, `The body is over ${maxBodyBytes} bytes`))
      else chunks.push(chunk)
    }
    const onEnd = () => {
      settle()
      resolve(Buffer.concat(chunks))
    }
    const onClose = () => stop(new HttpError(400, 'The body was cut'))
    const timer = setTimeout(() => stop(new HttpError(408, 'The body did not come')), bodyTimeoutMs)
    timer.unref()
    const settle = () => {
      clearTimeout(timer)
      request.off('data', onData).off('end', onEnd).off('close', onClose)
    }
    request.on('data', onData).on('end', onEnd).on('close', onClose)
  })
}

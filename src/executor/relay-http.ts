import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { reasonOf, waitFor } from '../util/signals.ts'
import { EXECUTOR_LIMITS } from './limits.ts'

/** Where a ticket is good. */
export interface RelayAddress {
  /** The gateway: `http://…` or `https://…`. */
  readonly gatewayUrl: string
  /** A secret: it appears in no error. */
  readonly ticket: string
}

/** The gateway could not be reached, or did not take or give all. The message is for a reader, and has no ticket in it. */
export class RelayFailure extends Error {}

/**
 * Uploads under a ticket; resolves when all of it has arrived at the other end. Rejects with `RelayFailure`, with what `bytes`
 * throws, or with the signal's reason. `length`: so many bytes it will be; undefined: not known.
 */
export async function uploadTo(
  address: RelayAddress,
  bytes: AsyncIterable<Uint8Array>,
  length: number | undefined,
  signal: AbortSignal,
): Promise<void> {
  const request = await open(address, 'PUT', length === undefined ? {} : { 'Content-Length': length })
  const answered = answerOf(request)
  // Looked at below, unless something else ends it all before.
  answered.catch(() => {})
  let sourceError: unknown
  const source = async function* () {
    try {
      yield* bytes
    } catch (error) {
      sourceError = error
      throw error
    }
  }
  try {
    const sent = pipeline(source, request, { signal })
    // A gateway that answers before all is sent does not want the rest.
    const answer = await Promise.race([answered, sent.then(() => answered)])
    requireOk(answer)
    await waitFor(sent, signal)
    answer.resume()
  } catch (error) {
    if (signal.aborted) throw reasonOf(signal)
    if (sourceError !== undefined) throw sourceError
    throw await failureFrom(error, answered)
  } finally {
    request.destroy()
  }
}

/**
 * Downloads under a ticket, piece by piece, to the end. Throws `RelayFailure`, or the signal's reason.
 */
export async function* downloadFrom(
  address: RelayAddress,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  const request = await open(address, 'GET', {})
  const stop = () => request.destroy()
  signal.addEventListener('abort', stop, { once: true })
  try {
    const answered = answerOf(request)
    request.end()
    if (signal.aborted) stop()
    const answer = await answered
    requireOk(answer)
    yield* answer
  } catch (error) {
    if (signal.aborted) throw reasonOf(signal)
    throw failureOf(error)
  } finally {
    signal.removeEventListener('abort', stop)
    request.destroy()
  }
}

/** Does `work`; gives why the gateway failed it, or undefined. What else goes wrong is thrown. */
export async function failureIn(work: () => Promise<void>): Promise<string | undefined> {
  try {
    await work()
    return undefined
  } catch (error) {
    if (error instanceof RelayFailure) return error.message
    throw error
  }
}

async function open(
  { gatewayUrl, ticket }: RelayAddress,
  method: string,
  headers: OutgoingHttpHeaders,
): Promise<ClientRequest> {
  const http = gatewayUrl.startsWith('https:') ? await import('node:https') : await import('node:http')
  const { relayConnectMs, relayIdleMs } = EXECUTOR_LIMITS
  const request = http.request(`${gatewayUrl.replace(/\/+$/, '')}/relay/${encodeURIComponent(ticket)}`, {
    method,
    headers: { ...headers, Authorization: `Bearer ${ticket}` },
    agent: false,
  })
  const tooLong = (what: string, ms: number) => () =>
    request.destroy(new RelayFailure(`${what} within ${ms / 1000} s`))
  const timer = setTimeout(tooLong('no connection', relayConnectMs), relayConnectMs).unref()
  request.on('socket', (socket) => socket.once('connect', () => clearTimeout(timer)))
  request.on('close', () => clearTimeout(timer))
  request.setTimeout(relayIdleMs, tooLong('nothing moved', relayIdleMs))
  // It is told to whoever waits for the answer; it may also come after that.
  return request.on('error', () => {})
}

function answerOf(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.on('response', (answer) => resolve(answer.on('error', () => {})))
    request.on('error', reject).on('close', () => reject(new RelayFailure('the connection was closed')))
  })
}

function requireOk(answer: IncomingMessage): void {
  if (answer.statusCode !== 200) throw new RelayFailure(`the gateway answered ${answer.statusCode}`)
}

/** When a gateway refuses an upload it answers, and then cuts it: the answer is the reason. */
async function failureFrom(error: unknown, answered: Promise<IncomingMessage>): Promise<RelayFailure> {
  const answer = await Promise.race([answered.catch(() => undefined), Promise.resolve(undefined)])
  if (answer && answer.statusCode !== 200)
    return new RelayFailure(`the gateway answered ${answer.statusCode}`, { cause: error })
  return failureOf(error)
}

function failureOf(error: unknown): RelayFailure {
  if (error instanceof RelayFailure) return error
  const { code, message } = error as NodeJS.ErrnoException
  return new RelayFailure(code === 'ECONNRESET' || !message ? 'the connection was cut' : message, {
    cause: error,
  })
}

import type { IncomingMessage } from 'node:http'
import type { Credential } from '../credentials/credential.ts'
import type { Relay, RelayTicket } from '../protocol/relay.ts'
import { BridgeError } from '../util/errors.ts'
import { type CallOptions, callScope, reasonOf, waitFor } from '../util/signals.ts'
import { BRIDGE_LIMITS } from './limits.ts'

export interface RelayClientOptions {
  /** The HTTP side of the gateway, without a slash at the end. */
  readonly url: string
  readonly workspaceId: string
  /** The gateway's internal secret. */
  readonly credential: Credential
}

const API = '/api/exec-gateway/relay'

/** Tickets for copies, from the gateway (PROTOCOL.md, section 4). Neither its secret nor a ticket stands in any error. */
export class RelayClient implements Relay {
  readonly #options: RelayClientOptions

  constructor(options: RelayClientOptions) {
    this.#options = options
  }

  async create(
    { sourceId, destinationId }: { sourceId: string; destinationId: string },
    options: CallOptions,
  ): Promise<RelayTicket> {
    const { workspaceId, credential } = this.#options
    const body = { workspace_id: workspaceId, source_exe_id: sourceId, dest_exe_id: destinationId }
    const secrets = [await waitFor(credential.read(), options.signal)]
    let answer = await this.#post('create', body, secrets[0]!, options)
    const renewed =
      answer.status === 401 ? await waitFor(credential.renew(secrets[0]!), options.signal) : undefined
    if (renewed !== undefined) {
      secrets.push(renewed)
      answer = await this.#post('create', body, renewed, options)
    }
    if (answer.status !== 201) throw refused(answer, credential, secrets)
    return parseTicket(answer.text)
  }

  async passed({ ticket }: RelayTicket, options: CallOptions): Promise<number | undefined> {
    try {
      const secret = await this.#options.credential.read()
      const { status, text } = await this.#post('status', { ticket }, secret, options)
      const { bytes } = status === 200 ? fieldsOf(text) : {}
      return typeof bytes === 'number' ? bytes : undefined
    } catch {
      if (options.signal?.aborted) throw reasonOf(options.signal)
      return undefined
    }
  }

  async end({ ticket }: RelayTicket): Promise<void> {
    try {
      const secret = await this.#options.credential.read()
      await this.#post('end', { ticket }, secret, {})
    } catch {
      // A gateway that cannot be reached has no more tickets soon; another one lets them expire.
    }
  }

  async #post(
    what: 'create' | 'status' | 'end',
    body: object,
    secret: string,
    { signal }: CallOptions,
  ): Promise<Answer> {
    const { url } = this.#options
    const limits = { signal, timeoutMs: BRIDGE_LIMITS.relayAskTimeoutMs }
    using scope = callScope(limits, 'Asking the gateway for a copy')
    try {
      return await post(`${url}${API}/${what}`, body, secret, scope.signal)
    } catch (error) {
      if (scope.signal.aborted) throw reasonOf(scope.signal)
      const { message, code } = error as NodeJS.ErrnoException
      const why = `no connection to ${new URL(url).origin} (${message || code})`
      throw new BridgeError('unavailable', why, { cause: error })
    }
  }
}

interface Answer {
  readonly status: number
  readonly text: string
}

async function post(url: string, body: object, secret: string, signal: AbortSignal): Promise<Answer> {
  const text = JSON.stringify(body)
  const headers = {
    Authorization: `Bearer ${secret}`,
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
  }
  const http = url.startsWith('https:') ? await import('node:https') : await import('node:http')
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    http
      .request(url, { method: 'POST', headers, agent: false, signal }, resolve)
      .on('error', reject)
      .end(text)
  })
  const chunks: Buffer[] = []
  let room: number = BRIDGE_LIMITS.relayAnswerBytes
  // Leaving the loop early destroys the response, and with it the socket.
  for await (const chunk of response) {
    chunks.push(chunk.subarray(0, room))
    room -= chunk.length
    if (room < 0) break
  }
  return { status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }
}

function refused({ status, text }: Answer, { origin }: Credential, secrets: readonly string[]): BridgeError {
  const words = secrets
    .reduce((said, secret) => said.replaceAll(secret, '…'), text)
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, 200)
  const said = words === '' ? String(status) : `${status}: ${words}`
  switch (status) {
    case 401:
      return new BridgeError('denied', `the gateway refused the secret of ${origin} (${said})`)
    case 403:
      return new BridgeError(
        'denied',
        `the gateway knows one of the machines not in this workspace (${said})`,
      )
    case 429:
      return new BridgeError('unavailable', `the gateway has too many copies under way (${said})`)
    default:
      return new BridgeError('unavailable', `the gateway gives no ticket for it (${said})`)
  }
}

/** A ticket goes into a header and a file of options: it must be plain. So must the addresses, which URL makes them. */
function parseTicket(text: string): RelayTicket {
  const { ticket, upload_url, download_url } = fieldsOf(text)
  const uploadUrl = httpUrl(upload_url)
  const downloadUrl = httpUrl(download_url)
  if (typeof ticket !== 'string' || !/^[\w.~-]{16,512}$/.test(ticket) || !uploadUrl || !downloadUrl)
    throw new BridgeError('unavailable', 'the gateway answered with something that is no ticket')
  return { ticket, uploadUrl, downloadUrl }
}

function httpUrl(value: unknown): string | undefined {
  if (typeof value !== 'string' || !URL.canParse(value)) return undefined
  const { protocol, href } = new URL(value)
  return /^https?:$/.test(protocol) ? href : undefined
}

function fieldsOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}

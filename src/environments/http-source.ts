import type { Credential } from '../credentials/credential.ts'
import { BridgeError } from '../util/errors.ts'
import { type CallScope, callScope, reasonOf, waitFor } from '../util/signals.ts'
import type { EnvironmentSource } from './environment.ts'
import { getText, type TextAnswer } from './get-text.ts'
import { parseConnected } from './parse-connected.ts'

/** The API is next door and its answer small: what takes longer, or is larger, is not it. */
const TIMEOUT_MS = 3000
const MAX_BODY_BYTES = 1024 * 1024

/** Where a gateway tells which executors are connected, and how it wants to be asked. */
export interface ConnectedApi {
  readonly url: string
  readonly credential: Credential
  /** The header that carries the secret. */
  readonly header: (secret: string) => Record<string, string>
}

/** The older form: the app gateway's loopback API, with a token of its own. */
export function appGatewayApi(base: string, credential: Credential): ConnectedApi {
  return {
    url: `${base}/internal/connected`,
    credential,
    header: (secret) => ({ 'X-Loopback-Token': secret }),
  }
}

/** The newer form: the exec gateway itself, with the workspace token, which also tells it the workspace. */
export function execGatewayApi(base: string, credential: Credential): ConnectedApi {
  return {
    url: `${base}/api/exec-gateway/connected`,
    credential,
    header: (secret) => ({ Authorization: `Bearer ${secret}` }),
  }
}

/**
 * The environments a gateway tells of, asked at every call. Rejects with `denied` (the token was refused), `deadline`
 * (after 3 s) or `unavailable`, each with what the gateway said. A token that is refused is renewed, once.
 */
export function createHttpSource(api: ConnectedApi): EnvironmentSource {
  return {
    async list(options) {
      const answer = await askWithRenewal(api, options?.signal)
      if (answer.status !== 200) throw refused(answer, api.credential)
      if (answer.isCut) throw unusable('a list of more than 1 MB')
      return parseConnected(parseJson(answer.text))
    },
  }
}

async function askWithRenewal(api: ConnectedApi, signal: AbortSignal | undefined): Promise<TextAnswer> {
  const { credential } = api
  const secret = await waitFor(credential.read(), signal)
  const answer = await askWith(api, secret, signal)
  if (answer.status !== 401) return answer
  const renewed = await waitFor(credential.renew(secret), signal)
  return renewed === undefined ? answer : askWith(api, renewed, signal)
}

async function askWith(
  { url, header }: ConnectedApi,
  secret: string,
  signal: AbortSignal | undefined,
): Promise<TextAnswer> {
  using scope = callScope({ signal, timeoutMs: TIMEOUT_MS }, 'Asking the gateway for environments')
  return await ask(url, { Accept: 'application/json', ...header(secret) }, scope)
}

async function ask(url: string, headers: Record<string, string>, { signal }: CallScope): Promise<TextAnswer> {
  try {
    return withoutSecrets(await getText(url, { headers, maxBytes: MAX_BODY_BYTES }, { signal }), headers)
  } catch (error) {
    if (signal.aborted) throw reasonOf(signal)
    const { message, code } = error as NodeJS.ErrnoException
    throw new BridgeError(
      'unavailable',
      `Cannot list environments: no connection to ${new URL(url).origin} (${message || code})`,
      { cause: error },
    )
  }
}

/** An error may quote the request; what is secret in it is for no log and no reader. */
function withoutSecrets(answer: TextAnswer, headers: Record<string, string>): TextAnswer {
  if (answer.status === 200) return answer
  const { Accept: _, ...secret } = headers
  const quotable = (text: string, value: string) => text.replaceAll(value.replace(/^Bearer /, ''), '…')
  return { ...answer, text: Object.values(secret).reduce(quotable, answer.text) }
}

function refused({ status, text }: TextAnswer, { origin }: Credential): BridgeError {
  if (status === 401 || status === 403)
    return new BridgeError(
      'denied',
      `Cannot list environments: the gateway refused the token of ${origin} (${status}${said(text)})`,
    )
  if (status >= 300 && status < 400) return unusable(`${status}, a redirect, which is not followed`)
  return unusable(`${status}${said(text)}`)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw unusable(isHtml(text) ? 'HTML, not JSON' : 'something that is not JSON')
  }
}

function unusable(answer: string): BridgeError {
  return new BridgeError('unavailable', `Cannot list environments: the gateway answered ${answer}`)
}

/** The short text body of an error, on one line; pages of HTML are not for a reader. */
function said(text: string): string {
  const line = text.replace(/[\s\p{Cc}]+/gu, ' ').trim()
  return line === '' || isHtml(line) ? '' : `, ${JSON.stringify(line.slice(0, 200))}`
}

function isHtml(text: string): boolean {
  return /^\s*<(!doctype|html|head|body)/i.test(text)
}

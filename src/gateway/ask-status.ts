import { readFile } from 'node:fs/promises'
import { get as httpGet } from 'node:http'
import { get as httpsGet, type RequestOptions } from 'node:https'
import { text } from 'node:stream/consumers'
import { BridgeError } from '../util/errors.ts'
import { type CallOptions, callScope } from '../util/signals.ts'
import type { Listening, State } from './state.ts'
import { type ExecutorStatus, parseStatus } from './status.ts'

/** The gateway is on this machine. */
const TIMEOUT_MS = 5_000

/** Asks the gateway that runs on this state. Rejects with `unavailable` when there is none, or it does not answer. */
export async function askStatus(state: State, options: CallOptions = {}): Promise<ExecutorStatus[]> {
  const listening = state.listening.read()
  if (!listening)
    throw new BridgeError('unavailable', `No gateway has run on the state in "${state.directory}": start one`)
  using scope = callScope({ timeoutMs: TIMEOUT_MS, ...options }, 'Asking the gateway')
  try {
    const { internalSecret } = state.keys.read()
    return parseStatus(JSON.parse(await ask(listening, internalSecret, scope.signal)))
  } catch (error) {
    const why = BridgeError.from(scope.signal.aborted ? scope.signal.reason : error).message
    throw new BridgeError('unavailable', `Cannot ask the gateway at ${listening.localUrl}: ${why}`, {
      cause: error,
    })
  }
}

/** Whether a gateway runs on this state: one that has its secret answers where it was last. */
export async function isRunning(state: State): Promise<boolean> {
  return askStatus(state).then(
    () => true,
    () => false,
  )
}

async function ask({ localUrl, certFile }: Listening, secret: string, signal: AbortSignal): Promise<string> {
  const url = `${localUrl}/internal/status`
  const options: RequestOptions = { signal, headers: { Authorization: `Bearer ${secret}` }, agent: false }
  const get = certFile === undefined ? httpGet : httpsGet
  const tls = certFile === undefined ? {} : await trusting(certFile)
  return new Promise((resolve, reject) => {
    const request = get(url, { ...options, ...tls }, (response) => {
      text(response).then(
        (body) =>
          response.statusCode === 200 ? resolve(body) : reject(new Error(body.trim() || 'no answer')),
        reject,
      )
    })
    request.on('error', reject)
  })
}

/** Believes that one certificate, whatever name it is for: it is the gateway's own, and we ask by address. */
async function trusting(certFile: string) {
  return {
    ca: await readFile(certFile),
    allowPartialTrustChain: true,
    checkServerIdentity: () => undefined,
  }
}

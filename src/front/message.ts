import { exactly, withDigits } from './exact-number.ts'
import { FRONT_LIMITS } from './limits.ts'

/** Error numbers of JSON-RPC and of MCP. */
export const RPC_ERRORS = {
  parse: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  /** Ours: too many requests run. */
  tooBusy: -32000,
  /** From 2026-07-28. */
  unsupportedVersion: -32022,
} as const

export type Params = Readonly<Record<string, unknown>>

/** A request. `id` may be any JSON value, for it is only echoed; `key` is its JSON, to compare it by. */
export interface Request {
  readonly kind: 'request'
  readonly id: unknown
  readonly key: string
  readonly method: string
  readonly params: Params
}

export interface Notification {
  readonly kind: 'notification'
  readonly method: string
  readonly params: Params
}

/** One line of the client, told apart. A response answers nothing we asked; what is refused has its answer with it. */
export type Incoming =
  | Request
  | Notification
  | { readonly kind: 'response' }
  | { readonly kind: 'refused'; readonly answer: Outgoing }

export interface Fault {
  readonly code: number
  readonly message: string
  readonly data?: unknown
}

/** How a request ends. */
export type Reply = { readonly result: object } | Failure

export interface Failure {
  readonly error: Fault
}

/** What goes to the client. */
export type Outgoing =
  | ({ readonly id: unknown } & Reply)
  | { readonly method: string; readonly params: object }

/** Reads one line. Params that are no object (an array, null, nothing) are read as empty. Never throws. */
export function parseLine(line: string): Incoming {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return refused(null, RPC_ERRORS.parse, 'Cannot read the line: it is not JSON')
  }
  if (!isRecord(value))
    return refused(null, RPC_ERRORS.invalidRequest, 'Cannot take the line: it is not one JSON-RPC object')
  return parseMessage(value, line)
}

function parseMessage(value: Params, line: string): Incoming {
  const { jsonrpc, method } = value
  const id = exactly(value.id ?? null, 'id', line)
  if (method === undefined && ('result' in value || 'error' in value)) return { kind: 'response' }
  const key = keyFromId(id)
  if (key === undefined)
    return refused(
      null,
      RPC_ERRORS.invalidRequest,
      'Cannot take the request: its id is too large to be echoed',
    )
  if (jsonrpc !== '2.0' || typeof method !== 'string')
    return refused(id, RPC_ERRORS.invalidRequest, 'Cannot take the line: it is not a JSON-RPC 2.0 message')
  const params = echoedExactly(recordFrom(value.params), line)
  return 'id' in value
    ? { kind: 'request', id, key, method, params }
    : { kind: 'notification', method, params }
}

/** The params, with what names a request or a call's progress as it came. */
function echoedExactly(params: Params, line: string): Params {
  const requestId = exactly(params.requestId, 'requestId', line)
  const meta = recordFrom(params._meta)
  const progressToken = exactly(meta.progressToken, 'progressToken', line)
  return {
    ...params,
    ...(requestId !== params.requestId && { requestId }),
    ...(progressToken !== meta.progressToken && { _meta: { ...meta, progressToken } }),
  }
}

/** An id as text, equal for equal ids; undefined when it is too long, or nested too deep, to be written back. */
export function keyFromId(id: unknown): string | undefined {
  const key = stringify(id)
  return key !== undefined && key.length <= FRONT_LIMITS.idLength ? key : undefined
}

/**
 * One line for the client. An answer that cannot be written, or that is longer than a client takes, becomes an
 * error with the same id, so that nobody waits for it.
 */
export function encodeLine(message: Outgoing, limitBytes: number): string {
  const text = textOf({ jsonrpc: '2.0', ...message })
  if (text !== undefined && (text.length * 3 < limitBytes || Buffer.byteLength(text) < limitBytes))
    return `${text}\n`
  const state = text === undefined ? 'it is not JSON' : `its ${Buffer.byteLength(text)} bytes are too many`
  const instead = failure(RPC_ERRORS.internal, `Cannot send the answer: ${state}`)
  return `${textOf({ jsonrpc: '2.0', id: 'id' in message ? message.id : null, ...instead })}\n`
}

function textOf(message: object): string | undefined {
  const text = stringify(message)
  return text && withDigits(text)
}

/** An error of the protocol: a client's mistake, or that there is no result at all. */
export function failure(code: number, message: string): Failure {
  return { error: { code, message } }
}

export function isRecord(value: unknown): value is Params {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value when it is an object, or an empty one. */
export function recordFrom(value: unknown): Params {
  return isRecord(value) ? value : {}
}

/** A client's word in a message of ours: quoted, and cut when it is long. */
export function quoted(text: string): string {
  const { textLength } = FRONT_LIMITS
  return JSON.stringify(text.length > textLength ? `${text.slice(0, textLength)}…` : text)
}

function refused(id: unknown, code: number, message: string): Incoming {
  return { kind: 'refused', answer: { id, ...failure(code, message) } }
}

/** `JSON.stringify` that does not throw: it cannot write what is nested thousands of levels deep. */
function stringify(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}

import { encodeBulk, parseBulk } from './bulk.ts'
import type { Frame } from './transport.ts'

/** An id as the wire has it. exec-servers echo numbers and strings; ours are numbers. */
export type RpcId = number | string

export interface RpcErrorBody {
  readonly code: number
  readonly message: string
  readonly data?: unknown
}

/** One JSON-RPC 2.0 message, told apart by shape. `jsonrpc` itself is not looked at: codex never sends it. */
export type RpcMessage =
  | { readonly kind: 'request'; readonly id: RpcId; readonly method: string; readonly params: unknown }
  | { readonly kind: 'notification'; readonly method: string; readonly params: unknown }
  | { readonly kind: 'result'; readonly id: RpcId; readonly result: unknown }
  | { readonly kind: 'error'; readonly id: RpcId | null; readonly error: RpcErrorBody }

/** Reads one frame. `undefined` when it is not a JSON-RPC message; never throws. */
export function parseMessage(frame: Frame): RpcMessage | undefined {
  const value = parseJson(frame)
  if (!isRecord(value)) return undefined
  const { id, method, params, result, error } = value
  if (typeof method === 'string') {
    if (id === undefined) return { kind: 'notification', method, params }
    return isId(id) ? { kind: 'request', id, method, params } : undefined
  }
  if (isRecord(error)) {
    const body = { code: Number(error.code), message: String(error.message ?? ''), data: error.data }
    return { kind: 'error', id: isId(id) ? id : null, error: body }
  }
  return isId(id) && 'result' in value ? { kind: 'result', id, result } : undefined
}

/** Writes one message; `jsonrpc` is added, as the standard wants it. */
export function encodeMessage(
  message:
    | { id?: RpcId; method: string; params: unknown }
    | { id: RpcId; result: unknown }
    | { id: RpcId | null; error: RpcErrorBody },
): Frame {
  return encodeLarge(message) ?? Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...message }))
}

function encodeLarge(message: object): Frame | undefined {
  const { params, result, ...envelope }: { params?: unknown; result?: unknown } = message
  if (isRecord(params))
    return encodeBulk({ place: 'params', fields: params }, { jsonrpc: '2.0', ...envelope })
  return isRecord(result)
    ? encodeBulk({ place: 'result', fields: result }, { jsonrpc: '2.0', ...envelope })
    : undefined
}

function parseJson(frame: Frame): unknown {
  try {
    const large = parseBulk(frame)
    if (large !== undefined) return large
    return JSON.parse(Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength).toString('utf8'))
  } catch {
    return undefined
  }
}

function isId(value: unknown): value is RpcId {
  return typeof value === 'number' || typeof value === 'string'
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

import type { CallIds } from '../util/call-ids.ts'
import {
  asBytes,
  asNumber,
  asText,
  bytesField,
  fieldsOf,
  malformed,
  numberField,
  type Value,
} from './protobuf.ts'
import type { Frame } from './transport.ts'

/**
 * One frame of the relay between bridges and executors (protobuf `codex.exec_server.relay.v1.RelayMessageFrame`,
 * one per binary WebSocket message). `seq` counts the messages of one stream and direction from 0.
 */
export interface RelayFrame {
  readonly streamId: string
  /** The highest `seq` the sender has seen without a hole; nobody is known to need it. */
  readonly ack?: number | undefined
  /**
   * Bytes of messages that the sender takes on this stream in all, from its beginning; whoever hears of it waits for more
   * before it sends more. Between our own gateway and our own executor; others pass over the field.
   */
  readonly credit?: number | undefined
  readonly body: RelayBody
}

/** A message, or a segment of one. */
export interface RelayData {
  readonly kind: 'data'
  readonly seq: number
  readonly segmentIndex: number
  readonly segmentCount: number
  readonly payload: Frame
  /** On whose behalf, for the audit of our own gateway; others pass over the field. */
  readonly ids?: CallIds | undefined
}

export type RelayBody =
  | RelayData
  | { readonly kind: 'ack' }
  | { readonly kind: 'resume'; readonly nextSeq: number }
  | { readonly kind: 'reset'; readonly reason: string }
  | { readonly kind: 'heartbeat' }
  | { readonly kind: 'handshake'; readonly payload: Frame }

const VERSION = 1
const BODY_FIELD = { data: 5, ack: 6, resume: 7, reset: 8, heartbeat: 9, handshake: 10 } as const

/** Ours alone; far from the numbers that the protocol's owners may give out next. */
const IDS_FIELD = 1000
const CREDIT_FIELD = 1001
/** An id that is longer is cut. */
const MAX_ID = 200

const NO_BYTES = new Uint8Array()

/** Writes one frame, copying the payload once. proto3: zeros are left out. */
export function encodeRelayFrame(frame: RelayFrame): Frame {
  return Buffer.concat([
    ...numberField(1, VERSION),
    ...bytesField(2, [Buffer.from(frame.streamId)]),
    ...numberField(3, frame.ack ?? 0),
    ...numberField(CREDIT_FIELD, frame.credit ?? 0),
    ...bytesField(BODY_FIELD[frame.body.kind], encodeBody(frame.body)),
  ])
}

function encodeBody(body: RelayBody): Frame[] {
  switch (body.kind) {
    case 'data':
      return [
        ...numberField(1, body.seq),
        ...numberField(2, body.segmentIndex),
        ...numberField(3, body.segmentCount),
        ...bytesField(4, [body.payload]),
        ...(body.ids ? bytesField(IDS_FIELD, encodeIds(body.ids)) : []),
      ]
    case 'resume':
      return numberField(1, body.nextSeq)
    case 'reset':
      return bytesField(1, [Buffer.from(body.reason)])
    case 'handshake':
      return bytesField(1, [body.payload])
    case 'ack':
    case 'heartbeat':
      return []
  }
}

/** Reads one frame; throws `unavailable` when it is not one. Unknown fields are passed over, as protobuf wants. */
export function decodeRelayFrame(frame: Frame): RelayFrame {
  let streamId = ''
  let ack = 0
  let credit: number | undefined
  let body: RelayBody | undefined
  for (const [field, value] of fieldsOf(frame)) {
    if (field === 2) streamId = asText(value)
    else if (field === 3) ack = asNumber(value)
    else if (field === CREDIT_FIELD) credit = asNumber(value)
    else body = decodeBody(field, value) ?? body
  }
  if (!body) throw malformed('a frame without a body')
  return { streamId, ack, ...(credit === undefined ? {} : { credit }), body }
}

function decodeBody(field: number, value: Value): RelayBody | undefined {
  switch (field) {
    case BODY_FIELD.data:
      return decodeData(messageOf(value))
    case BODY_FIELD.ack:
      return { kind: 'ack' }
    case BODY_FIELD.resume:
      return { kind: 'resume', nextSeq: asNumber(messageOf(value).get(1) ?? 0) }
    case BODY_FIELD.reset:
      return { kind: 'reset', reason: asText(messageOf(value).get(1) ?? NO_BYTES) }
    case BODY_FIELD.heartbeat:
      return { kind: 'heartbeat' }
    case BODY_FIELD.handshake:
      return { kind: 'handshake', payload: asBytes(messageOf(value).get(1) ?? NO_BYTES) }
    default:
      return undefined
  }
}

function decodeData(data: Message): RelayData {
  const ids = data.get(IDS_FIELD)
  return {
    kind: 'data',
    seq: asNumber(data.get(1) ?? 0),
    segmentIndex: asNumber(data.get(2) ?? 0),
    segmentCount: asNumber(data.get(3) ?? 0) || 1,
    payload: asBytes(data.get(4) ?? NO_BYTES),
    ...(ids === undefined ? {} : { ids: decodeIds(messageOf(ids)) }),
  }
}

type Message = ReadonlyMap<number, Value>

function messageOf(value: Value): Message {
  return new Map(fieldsOf(asBytes(value)))
}

function encodeIds({ threadId, turnId, callId }: CallIds): Frame[] {
  return [threadId, turnId, callId].flatMap((id, index) =>
    id === undefined ? [] : bytesField(index + 1, [Buffer.from(id)]),
  )
}

function decodeIds(ids: Message): CallIds {
  const at = (field: number) => (ids.has(field) ? asText(ids.get(field)!).slice(0, MAX_ID) : undefined)
  return { threadId: at(1), turnId: at(2), callId: at(3) }
}

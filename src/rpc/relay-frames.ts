import { type CallIds, currentCallIds } from '../util/call-ids.ts'
import { BridgeError } from '../util/errors.ts'
import { RPC_LIMITS } from './limits.ts'
import { RelayAssembly } from './relay-assembly.ts'
import type { Frame, Pulse, Receiver, Transport } from './transport.ts'

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

/** Writes one frame, copying the payload once. proto3: zeros and empty texts are left out. */
export function encodeRelayFrame(frame: RelayFrame): Frame {
  return Buffer.concat([
    ...number(1, VERSION),
    ...bytes(2, [Buffer.from(frame.streamId)]),
    ...number(3, frame.ack ?? 0),
    ...number(CREDIT_FIELD, frame.credit ?? 0),
    ...bytes(BODY_FIELD[frame.body.kind], encodeBody(frame.body)),
  ])
}

function encodeBody(body: RelayBody): Frame[] {
  switch (body.kind) {
    case 'data':
      return [
        ...number(1, body.seq),
        ...number(2, body.segmentIndex),
        ...number(3, body.segmentCount),
        ...bytes(4, [body.payload]),
        ...(body.ids ? bytes(IDS_FIELD, encodeIds(body.ids)) : []),
      ]
    case 'resume':
      return number(1, body.nextSeq)
    case 'reset':
      return bytes(1, [Buffer.from(body.reason)])
    case 'handshake':
      return bytes(1, [body.payload])
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
  for (const [field, value] of fields(frame)) {
    if (field === 2) streamId = text(value)
    else if (field === 3) ack = int(value)
    else if (field === CREDIT_FIELD) credit = int(value)
    else body = decodeBody(field, value) ?? body
  }
  if (!body) throw malformed('a frame without a body')
  return { streamId, ack, ...(credit === undefined ? {} : { credit }), body }
}

function decodeBody(field: number, value: Value): RelayBody | undefined {
  switch (field) {
    case BODY_FIELD.data: {
      const inner = new Map(fields(octets(value)))
      return {
        kind: 'data',
        seq: int(inner.get(1) ?? 0),
        segmentIndex: int(inner.get(2) ?? 0),
        segmentCount: int(inner.get(3) ?? 0) || 1,
        payload: octets(inner.get(4) ?? new Uint8Array()),
        ...(inner.has(IDS_FIELD) ? { ids: decodeIds(octets(inner.get(IDS_FIELD)!)) } : {}),
      }
    }
    case BODY_FIELD.ack:
      return { kind: 'ack' }
    case BODY_FIELD.resume:
      return { kind: 'resume', nextSeq: int(new Map(fields(octets(value))).get(1) ?? 0) }
    case BODY_FIELD.reset:
      return { kind: 'reset', reason: text(new Map(fields(octets(value))).get(1) ?? new Uint8Array()) }
    case BODY_FIELD.heartbeat:
      return { kind: 'heartbeat' }
    case BODY_FIELD.handshake:
      return { kind: 'handshake', payload: octets(new Map(fields(octets(value))).get(1) ?? new Uint8Array()) }
    default:
      return undefined
  }
}

function encodeIds({ threadId, turnId, callId }: CallIds): Frame[] {
  return [threadId, turnId, callId].flatMap((id, index) =>
    id === undefined ? [] : bytes(index + 1, [Buffer.from(id)]),
  )
}

function decodeIds(frame: Frame): CallIds {
  const ids = new Map(fields(frame))
  const at = (field: number) => (ids.has(field) ? text(ids.get(field)!).slice(0, MAX_ID) : undefined)
  return { threadId: at(1), turnId: at(2), callId: at(3) }
}

/**
 * One stream of a relay as a transport: our end opens it with `resume`, then each message travels whole in one
 * `data` frame (older executors do not put segments together). Frames of other streams are ignored, repeated ones
 * dropped, segments put together; a `reset` ends it.
 */
export function relayTransport(inner: Transport, streamId: string): Transport {
  return new RelayTransport(inner, streamId)
}

class RelayTransport implements Transport {
  readonly maxMessageBytes = RPC_LIMITS.maxRelayPayloadBytes
  readonly #inner: Transport
  readonly #streamId: string
  #receiver: Receiver | undefined
  readonly #assembly = new RelayAssembly(RPC_LIMITS.maxInboundBytes)
  #nextSeq = 0

  constructor(inner: Transport, streamId: string) {
    this.#inner = inner
    this.#streamId = streamId
  }

  start(receiver: Receiver): void {
    this.#receiver = receiver
    this.#inner.start({ frame: (data) => this.#onFrame(data), closed: (reason) => receiver.closed(reason) })
    this.#send({ kind: 'resume', nextSeq: 0 })
  }

  send(payload: Frame): void {
    const ids = currentCallIds()
    this.#send({ kind: 'data', seq: this.#nextSeq++, segmentIndex: 0, segmentCount: 1, payload, ids })
  }

  drained(): Promise<void> {
    return this.#inner.drained()
  }

  get pulse(): Pulse | undefined {
    return this.#inner.pulse
  }

  close(reason: Error): void {
    this.#send({ kind: 'reset', reason: 'closed' })
    this.#inner.close(reason)
  }

  #send(body: RelayBody): void {
    this.#inner.send(encodeRelayFrame({ streamId: this.#streamId, ack: this.#assembly.ack, body }))
  }

  #onFrame(data: Frame): void {
    let frame: RelayFrame
    try {
      frame = decodeRelayFrame(data)
    } catch (error) {
      return this.#inner.close(BridgeError.from(error))
    }
    if (frame.streamId !== this.#streamId) return
    switch (frame.body.kind) {
      case 'data':
        return this.#onData(frame.body)
      case 'reset':
        return this.#inner.close(
          new BridgeError(
            'unavailable',
            `The gateway ended the stream (${frame.body.reason || 'no reason given'})`,
          ),
        )
      case 'ack':
      case 'resume':
      case 'heartbeat':
      case 'handshake':
        return
    }
  }

  #onData(data: RelayData): void {
    let payload: Frame | undefined
    try {
      payload = this.#assembly.push(data)
    } catch (error) {
      return this.#inner.close(BridgeError.from(error))
    }
    if (payload) this.#receiver?.frame(payload)
  }
}

// protobuf, as little of it as these messages need: varints (wire type 0) and lengths (wire type 2).

type Value = number | Frame

function number(field: number, value: number): Frame[] {
  return value === 0 ? [] : [Buffer.from([...varint(field << 3), ...varint(value)])]
}

function bytes(field: number, parts: readonly Frame[]): Frame[] {
  const length = parts.reduce((sum, part) => sum + part.byteLength, 0)
  return [Buffer.from([...varint((field << 3) | 2), ...varint(length)]), ...parts]
}

function varint(value: number): number[] {
  const out: number[] = []
  let rest = value
  for (; rest > 127; rest = Math.floor(rest / 128)) out.push((rest % 128) | 128)
  out.push(rest)
  return out
}

function* fields(frame: Frame): Generator<[number, Value]> {
  let at = 0
  const next = (): number => {
    let value = 0
    for (let shift = 0; shift < 64; shift += 7) {
      const byte = frame[at++]
      if (byte === undefined) throw malformed('a cut frame')
      value += (byte & 127) * 2 ** shift
      if (byte < 128) return value
    }
    throw malformed('an endless number')
  }
  const take = (length: number): Frame => {
    if (at + length > frame.byteLength) throw malformed('a cut frame')
    at += length
    return frame.subarray(at - length, at)
  }
  while (at < frame.byteLength) {
    const tag = next()
    const field = Math.floor(tag / 8)
    switch (tag & 7) {
      case 0:
        yield [field, next()]
        break
      case 2:
        yield [field, take(next())]
        break
      // Fixed numbers: none of our fields has them, one that is not ours may.
      case 1:
        take(8)
        break
      case 5:
        take(4)
        break
      default:
        throw malformed(`wire type ${tag & 7}`)
    }
  }
}

function int(value: Value): number {
  if (typeof value !== 'number') throw malformed('bytes where a number was due')
  return value
}

function octets(value: Value): Frame {
  if (typeof value === 'number') throw malformed('a number where bytes were due')
  return value
}

function text(value: Value): string {
  return Buffer.from(octets(value)).toString('utf8')
}

function malformed(what: string): BridgeError {
  return new BridgeError('unavailable', `The other end sent something that is not a relay frame (${what})`)
}

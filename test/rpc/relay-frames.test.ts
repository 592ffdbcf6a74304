import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RPC_LIMITS } from '../../src/rpc/limits.ts'
import { memoryPair } from '../../src/rpc/memory.ts'
import {
  decodeRelayFrame,
  encodeRelayFrame,
  type RelayBody,
  type RelayFrame,
  relayTransport,
} from '../../src/rpc/relay-frames.ts'
import type { Transport } from '../../src/rpc/transport.ts'
import { withCallIds } from '../../src/util/call-ids.ts'
import { BridgeError } from '../../src/util/errors.ts'
import { Recorder } from '../support/recorder.ts'

const STREAM = '11111111-2222-4333-8444-555555555555'
const count = fc.integer({ min: 0, max: 2 ** 32 - 1 })
const payload = fc.uint8Array({ maxLength: 300 })

const body: fc.Arbitrary<RelayBody> = fc.oneof(
  fc.record({
    kind: fc.constant('data' as const),
    seq: count,
    segmentIndex: count,
    segmentCount: count.map((n) => n || 1),
    payload,
  }),
  fc.constant({ kind: 'ack' as const }),
  fc.record({ kind: fc.constant('resume' as const), nextSeq: count }),
  fc.record({ kind: fc.constant('reset' as const), reason: fc.string() }),
  fc.constant({ kind: 'heartbeat' as const }),
  fc.record({ kind: fc.constant('handshake' as const), payload }),
)

function data(over: Partial<Extract<RelayBody, { kind: 'data' }>> = {}): RelayBody {
  return { kind: 'data', seq: 0, segmentIndex: 0, segmentCount: 1, payload: Buffer.from('x'), ...over }
}

describe('relay frames', () => {
  it('come back as they went', () => {
    fc.assert(
      fc.property(fc.record({ streamId: fc.string(), ack: count, body }), (frame) => {
        const back = decodeRelayFrame(encodeRelayFrame(frame))
        expect(JSON.stringify(plain(back))).toBe(JSON.stringify(plain(frame)))
      }),
    )
  })

  it('are, byte for byte, what codex 0.137 sends', () => {
    const message = '{"id":1,"result":{"sessionId":"00000000-0000-0000-0000-000000000000"}}'
    const expected = Buffer.concat([
      Buffer.from([0x08, 0x01, 0x12, 0x24]),
      Buffer.from(STREAM),
      Buffer.from([0x2a, message.length + 4, 0x18, 0x01, 0x22, message.length]),
      Buffer.from(message),
    ])
    expect(
      Buffer.from(
        encodeRelayFrame({ streamId: STREAM, body: data({ payload: Buffer.from(message) }) }),
      ).toString('hex'),
    ).toBe(expected.toString('hex'))
    expect(decodeRelayFrame(expected)).toMatchObject({
      streamId: STREAM,
      ack: 0,
      body: { kind: 'data', seq: 0 },
    })
  })

  it('may hold fields we do not know, of every kind', () => {
    const frame = Buffer.from(encodeRelayFrame({ streamId: 's', body: { kind: 'heartbeat' } }))
    const unknown = [
      [0xa0, 0x06, 0x96, 0x01], // field 100, a number
      [0xa2, 0x06, 0x02, 0x61, 0x62], // field 100, bytes
      [0xa1, 0x06, 1, 2, 3, 4, 5, 6, 7, 8], // field 100, 64 bits
      [0xa5, 0x06, 1, 2, 3, 4], // field 100, 32 bits
    ]
    for (const field of unknown)
      expect(decodeRelayFrame(Buffer.concat([Buffer.from(field), frame, Buffer.from(field)]))).toMatchObject({
        streamId: 's',
        body: { kind: 'heartbeat' },
      })
  })

  it('are refused when they are none, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          decodeRelayFrame(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(BridgeError)
        }
      }),
      { numRuns: 2000 },
    )
    const whole = encodeRelayFrame({ streamId: STREAM, body: data({ payload: Buffer.alloc(50) }) })
    for (let length = 0; length < whole.byteLength; length++)
      expect(() => decodeRelayFrame(whole.subarray(0, length))).toThrow(BridgeError)
  })
})

/** Our end of a stream, and the raw other end, which sees the frames. */
function stream(): { near: Recorder; transport: Transport; far: Recorder; send(frame: RelayFrame): void } {
  const [a, b] = memoryPair()
  const transport = relayTransport(a, STREAM)
  const far = new Recorder(b)
  const near = new Recorder(transport)
  return { near, transport, far, send: (frame) => b.send(encodeRelayFrame(frame)) }
}

describe('relayTransport', () => {
  it('opens its stream with a resume, then sends each message whole, numbered from 0', async () => {
    const { transport, far } = stream()
    transport.send(Buffer.from('a'))
    transport.send(Buffer.from('b'))
    await far.next()
    await far.next()
    await far.next()
    expect(far.frames.map(decodeRelayFrame)).toEqual([
      { streamId: STREAM, ack: 0, body: { kind: 'resume', nextSeq: 0 } },
      { streamId: STREAM, ack: 0, body: { ...data(), seq: 0, payload: expect.anything() } },
      { streamId: STREAM, ack: 0, body: { ...data(), seq: 1, payload: expect.anything() } },
    ])
    expect(transport.maxMessageBytes).toBe(RPC_LIMITS.maxRelayPayloadBytes)
  })

  it('says on whose behalf, where the agent said that', async () => {
    const { transport, far } = stream()
    await withCallIds({ threadId: 'th', callId: 'c1' }, async () => {
      await Promise.resolve()
      transport.send(Buffer.from('a'))
    })
    withCallIds({}, () => transport.send(Buffer.from('b')))
    for (let n = 0; n < 3; n++) await far.next()
    const bodies = far.frames.slice(1).map((frame) => decodeRelayFrame(frame).body)
    expect(bodies).toEqual([
      {
        ...data(),
        seq: 0,
        payload: expect.anything(),
        ids: { threadId: 'th', turnId: undefined, callId: 'c1' },
      },
      { ...data(), seq: 1, payload: expect.anything() },
    ])
  })

  it('acknowledges in passing what it has seen', async () => {
    const { near, transport, far, send } = stream()
    for (const seq of [0, 1, 2]) send({ streamId: STREAM, body: data({ seq }) })
    for (let i = 0; i < 3; i++) await near.next()
    transport.send(Buffer.from('a'))
    await far.next()
    expect(decodeRelayFrame(await far.next()).ack).toBe(2)
  })

  it('ignores other streams, repeats, and what it has no use for', async () => {
    const { near, send } = stream()
    send({ streamId: 'other', body: data({ payload: Buffer.from('no') }) })
    for (const kind of ['ack', 'heartbeat'] as const) send({ streamId: STREAM, body: { kind } })
    send({ streamId: STREAM, body: { kind: 'resume', nextSeq: 3 } })
    send({ streamId: STREAM, body: { kind: 'handshake', payload: Buffer.from('x') } })
    send({ streamId: STREAM, body: data({ seq: 0, payload: Buffer.from('one') }) })
    send({ streamId: STREAM, body: data({ seq: 0, payload: Buffer.from('again') }) })
    send({ streamId: STREAM, body: data({ seq: 1, payload: Buffer.from('two') }) })
    await near.next()
    await near.next()
    expect(near.texts).toEqual(['one', 'two'])
  })

  it('puts segments together', async () => {
    const { near, send } = stream()
    for (const [at, text] of ['a', 'b', 'c'].entries())
      send({
        streamId: STREAM,
        body: data({ seq: 0, segmentIndex: at, segmentCount: 3, payload: Buffer.from(text) }),
      })
    send({ streamId: STREAM, body: data({ seq: 1, payload: Buffer.from('next') }) })
    await near.next()
    await near.next()
    expect(near.texts).toEqual(['abc', 'next'])
  })

  it('ends on segments out of order, and on more of them than a message may have', async () => {
    const disorder = stream()
    disorder.send({ streamId: STREAM, body: data({ segmentIndex: 1, segmentCount: 3 }) })
    await disorder.near.closed
    expect(disorder.near.reasons[0]).toMatch(/segments out of order/)

    const flood = stream()
    const segmentCount = RPC_LIMITS.maxRelaySegments + 1
    for (let segmentIndex = 0; segmentIndex < segmentCount; segmentIndex++)
      flood.send({ streamId: STREAM, body: data({ segmentIndex, segmentCount }) })
    await flood.near.closed
    expect(flood.near.frames).toEqual([])
  })

  it('ends with the reason of a reset', async () => {
    const { near, send } = stream()
    send({ streamId: STREAM, body: { kind: 'reset', reason: 'executor gone' } })
    await near.closed
    expect(near.reasons).toEqual(['The gateway ended the stream (executor gone)'])
  })

  it('ends on bytes that are no frame', async () => {
    const [a, b] = memoryPair()
    new Recorder(b)
    const near = new Recorder(relayTransport(a, STREAM))
    b.send(Buffer.from('{"id":1}'))
    await near.closed
    expect(near.reasons[0]).toMatch(/not a relay frame/)
  })

  it('says goodbye with a reset, once', async () => {
    const { near, transport, far } = stream()
    transport.close(new Error('done'))
    transport.close(new Error('again'))
    await near.closed
    await far.closed
    expect(far.frames.map((frame) => decodeRelayFrame(frame).body.kind)).toEqual(['resume', 'reset'])
    expect(near.reasons).toEqual(['done'])
  })
})

/** Payloads as text, so that Buffers and Uint8Arrays compare. */
function plain(frame: RelayFrame): unknown {
  const { body: inner, ...rest } = frame
  return 'payload' in inner
    ? { ...rest, body: { ...inner, payload: Buffer.from(inner.payload).toString('hex') } }
    : { ...rest, body: inner }
}

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeRelayFrame,
  encodeRelayFrame,
  type RelayBody,
  type RelayFrame,
} from '../../src/rpc/relay-frames.ts'
import { BridgeError } from '../../src/util/errors.ts'

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

/** Payloads as text, so that Buffers and Uint8Arrays compare. */
function plain(frame: RelayFrame): unknown {
  const { body: inner, ...rest } = frame
  return 'payload' in inner
    ? { ...rest, body: { ...inner, payload: Buffer.from(inner.payload).toString('hex') } }
    : { ...rest, body: inner }
}

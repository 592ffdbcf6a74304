import { describe, expect, it } from 'vitest'
import { RPC_LIMITS } from '../../src/rpc/limits.ts'
import { memoryPair } from '../../src/rpc/memory.ts'
import {
  decodeRelayFrame,
  encodeRelayFrame,
  type RelayData,
  type RelayFrame,
} from '../../src/rpc/relay-frames.ts'
import { relayTransport } from '../../src/rpc/relay-transport.ts'
import type { Transport } from '../../src/rpc/transport.ts'
import { withCallIds } from '../../src/util/call-ids.ts'
import { Recorder } from '../support/recorder.ts'

const STREAM = '11111111-2222-4333-8444-555555555555'

function data(over: Partial<RelayData> = {}): RelayData {
  return { kind: 'data', seq: 0, segmentIndex: 0, segmentCount: 1, payload: Buffer.from('x'), ...over }
}

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

import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeRelayFrame } from '../../src/rpc/relay-frames.ts'
import { deferred } from '../../src/util/deferred.ts'
import { type GatewayRig, startGatewayRig } from '../support/gateway-rig.ts'
import { askHttp } from '../support/http-ask.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { RawBridge } from '../support/raw-bridge.ts'

/** A rig with a bystander whose stream must not notice anything. */
async function withBystander() {
  const rig = await startGatewayRig()
  await rig.executor('w', 'calm')
  const bridge = await rig.bridge('w', 'calm')
  const stream = bridge.resume()
  let id = 0
  return {
    rig,
    async isWell() {
      expect(await bridge.ask(stream, ++id)).toBe(`{"id":${id},"result":{"id":${id}}}`)
    },
  }
}

const openTo = (rig: GatewayRig, name: string) =>
  RawBridge.open(rig.url, rig.exeId('w', name), rig.workspaceToken('w'))

const frames = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc
    .record({
      streamId: fc.oneof(fc.string({ maxLength: 20 }), fc.constant('s')),
      kind: fc.constantFrom('data', 'resume', 'reset', 'ack', 'heartbeat', 'handshake'),
      seq: fc.nat(),
      segmentIndex: fc.nat(5),
      segmentCount: fc.nat(5),
      payload: fc.uint8Array({ maxLength: 100 }),
    })
    .map(({ streamId, kind, seq, segmentIndex, segmentCount, payload }) => {
      const body = { kind, seq, segmentIndex, segmentCount, payload, nextSeq: seq, reason: 'r' } as never
      return encodeRelayFrame({ streamId, body })
    }),
  // A good frame with a bit turned.
  fc.tuple(fc.nat(), fc.nat(7)).map(([at, bit]) => {
    const frame = Buffer.from(encodeRelayFrame({ streamId: 's', body: { kind: 'resume', nextSeq: 3 } }))
    frame[at % frame.length]! ^= 1 << bit
    return frame
  }),
)

describe('frames that are none', () => {
  it('cost a bridge its connection at most, and nobody else anything', async () => {
    const { rig, isWell } = await withBystander()
    await using _rig = rig
    await rig.executor('w', 'target', { answer: () => undefined })
    await fc.assert(
      fc.asyncProperty(fc.array(frames, { minLength: 1, maxLength: 20 }), async (list) => {
        await using bridge = await openTo(rig, 'target')
        for (const frame of list) bridge.socket.send(frame)
        bridge.resume('the last one')
        await Promise.race([bridge.closed, isWell()])
      }),
      { numRuns: 60 },
    )
    await isWell()
  })

  it('cost an executor its connection at most, and nobody else anything', async () => {
    const { rig, isWell } = await withBystander()
    await using _rig = rig
    const executor = await rig.executor('w', 'target')
    await fc.assert(
      fc.asyncProperty(fc.array(frames, { minLength: 1, maxLength: 20 }), async (list) => {
        if (executor.socket!.readyState !== executor.socket!.OPEN) {
          await executor.closed
          await executor.dial()
        }
        for (const frame of list) executor.socket!.send(frame)
        await isWell()
      }),
      { numRuns: 60 },
    )
    await isWell()
  })

  it('are told to the one who sent them', async () => {
    await using rig = await startGatewayRig()
    await rig.executor('w', 'box')
    const bridge = await rig.bridge('w', 'box')
    bridge.socket.send(Buffer.from([0xff, 0xff]))
    expect(await bridge.closed).toMatch(/not a relay frame/)
  })
})

describe('what is refused', () => {
  const refused = (rig: GatewayRig) =>
    rig.logger.lines.filter(({ message }) => message === 'refused').map(({ fields }) => fields)

  it('is logged once for an address, a place and a while: frames of a bridge', async () => {
    const clock = new ManualClock()
    await using rig = await startGatewayRig({ clock })
    await rig.executor('w', 'box')
    const sendJunk = async () => {
      const bridge = await openTo(rig, 'box')
      bridge.socket.send(Buffer.from([0xff, 0xff]))
      await bridge.closed
    }
    for (let n = 0; n < 3; n++) await sendJunk()
    await expect.poll(() => refused(rig)).toHaveLength(1)
    expect(refused(rig)[0]).toMatchObject({
      address: '127.0.0.1',
      route: '/bridge/:exe_id',
      workspaceId: 'w',
      name: 'box',
      why: expect.stringContaining('not a relay frame'),
    })
    await clock.advance(60_000)
    await sendJunk()
    await expect.poll(() => refused(rig)).toHaveLength(2)
  })

  it.each([
    ['a frame over the limit', 's', /Max payload size exceeded/],
    ['an id of a stream that cannot be used', ' ', /without an id of a stream/],
  ])('is logged for %s', async (_, streamId, why) => {
    const limits = { maxBridgeFrameBytes: 1000 }
    await using rig = await startGatewayRig({ limits })
    await rig.executor('w', 'box')
    const bridge = await openTo(rig, 'box')
    bridge.send(bridge.resume(streamId), 'x'.repeat(2000))
    await bridge.closed
    await expect.poll(() => refused(rig)).toMatchObject([{ why: expect.stringMatching(why) }])
  })

  it('is logged for an executor with why it is gone, as a warning; of one that goes by itself as news', async () => {
    await using rig = await startGatewayRig()
    const [bad, good] = [await rig.executor('w', 'bad'), await rig.executor('w', 'good')]
    bad.socket!.send(Buffer.from([0xff, 0xff]))
    await Promise.all([bad.closed, good.cut()])
    const gone = () =>
      rig.logger.lines
        .filter(({ message }) => message === 'executor gone')
        .map(({ level, fields }) => [fields.name, level])
    await expect
      .poll(() => gone().sort())
      .toEqual([
        ['bad', 'warn'],
        ['good', 'info'],
      ])
  })

  it('is nothing of what good clients meet: no executor, a bridge that goes', async () => {
    await using rig = await startGatewayRig()
    const executor = await rig.executor('w', 'box', { era: 'text' })
    const bridge = await rig.bridge('w', 'box')
    await bridge.ask(bridge.resume(), 1)
    await expect(openTo(rig, 'box')).rejects.toThrow('503')
    await bridge[Symbol.asyncDispose]()
    await executor.closed
    expect(refused(rig)).toEqual([])
  })
})

describe('a machine that is sent what is no message', () => {
  it('ends nothing, wherever it is', async () => {
    // What a fuzzed bridge sent reached a test's machine as it was, and what read it there ended the whole run.
    const { rig, isWell } = await withBystander()
    await using _rig = rig
    await rig.executor('w', 'target')
    const bridge = await rig.bridge('w', 'target')
    const stream = bridge.resume()
    for (const text of ['', 'no JSON', 'null', '[]', '5', '{"id":']) bridge.send(stream, text)
    expect(await bridge.ask(stream, 7)).toBe('{"id":7,"result":{"id":7}}')
    await isWell()
  })
})

describe('a bridge that bends the rules', () => {
  it.each([
    ['data of a stream that was not opened', 'data'],
    ['a handshake', 'handshake'],
  ] as const)('gets a reset for %s', async (_, kind) => {
    await using rig = await startGatewayRig()
    const executor = await rig.executor('w', 'box')
    const bridge = await rig.bridge('w', 'box')
    const payload = Buffer.from('{"id":1,"method":"x"}')
    bridge.frame('s', { kind, seq: 0, segmentIndex: 0, segmentCount: 1, payload } as never)
    expect(await bridge.resets.take()).toEqual({
      streamId: 's',
      text: 'There is no such stream: open it with a resume',
    })
    expect(executor.messages.size).toBe(0)
  })

  it.each([
    ['an empty id', ''],
    ['a blank one', '  '],
    ['a long one', 'x'.repeat(129)],
  ])('is hung up on for %s of a stream', async (_, streamId) => {
    await using rig = await startGatewayRig()
    await rig.executor('w', 'box')
    const bridge = await rig.bridge('w', 'box')
    bridge.resume(streamId)
    expect(await bridge.closed).toMatch(/without an id of a stream/)
  })

  it('may have so many streams, and another when one has ended', async () => {
    await using rig = await startGatewayRig({ limits: { maxStreamsPerBridge: 2 } })
    await rig.executor('w', 'box')
    const bridge = await rig.bridge('w', 'box')
    const [first] = [bridge.resume(), bridge.resume()]
    const third = bridge.resume()
    expect(await bridge.resets.take()).toEqual({ streamId: third, text: 'A bridge may have 2 streams' })
    bridge.frame(first!, { kind: 'reset', reason: 'done' })
    expect(await bridge.ask(bridge.resume(), 1)).toBe('{"id":1,"result":{"id":1}}')
  })

  it('costs no handshake by a stream that it resets at once, and keeps nobody waiting', async () => {
    await using rig = await startGatewayRig()
    const executor = await rig.executor('w', 'box', { era: 'noise' })
    const bridge = await rig.bridge('w', 'box')
    for (let n = 0; n < 500; n++) bridge.frame(bridge.resume(), { kind: 'reset', reason: 'done' })
    expect(await bridge.ask(bridge.resume(), 1)).toBe('{"id":1,"result":{"id":1}}')
    expect(executor.validations.size).toBeLessThan(50)
  })

  it('has no handshake waited for any longer when it resets the stream', async () => {
    await using rig = await startGatewayRig()
    const begun = deferred<void>()
    const executor = await rig.executor('w', 'box', { era: 'noise', handshake: () => void begun.resolve() })
    const bridge = await rig.bridge('w', 'box')
    const stream = bridge.resume()
    await begun.promise
    bridge.frame(stream, { kind: 'reset', reason: 'done' })
    await executor.resets.take()
  })

  it('is cut when it asks for resets without end and reads none', async () => {
    const limits = { maxBridgeQueueBytes: 200_000 }
    await using rig = await startGatewayRig({ limits })
    await rig.executor('w', 'box')
    const bridge = await rig.bridge('w', 'box')
    bridge.socket.pause()
    const junk = encodeRelayFrame({
      streamId: 'x'.repeat(128),
      body: { kind: 'data', seq: 0, segmentIndex: 0, segmentCount: 1, payload: Buffer.alloc(1) },
    })
    while (await isThere(rig)) {
      for (let n = 0; n < 5000; n++) bridge.socket.send(junk)
    }
    bridge.socket.resume()
    await bridge.closed
  })

  it('is hung up on for a frame over the limit', async () => {
    await using rig = await startGatewayRig({ limits: { maxBridgeFrameBytes: 1000 } })
    const executor = await rig.executor('w', 'box')
    const bridge = await rig.bridge('w', 'box')
    bridge.send(bridge.resume(), 'x'.repeat(2000))
    await bridge.closed
    expect(executor.messages.size).toBe(0)
  })

  it('gets a reset for a message that its executor does not take', async () => {
    await using rig = await startGatewayRig({ limits: { maxMessageBytes: 1000 } })
    const executor = await rig.executor('w', 'box', { era: 'direct' })
    const bridge = await rig.bridge('w', 'box')
    bridge.send(bridge.resume(), `{"id":1,"params":"${'x'.repeat(2000)}"}`)
    expect((await bridge.resets.take()).text).toBe('A message has 2020 bytes: this executor takes 1000')
    await executor.closed
  })
})

describe('a Noise executor that bends the rules', () => {
  it.each([
    ['answers a handshake with noise', () => randomBytes(3424)],
    ['answers it too short', () => randomBytes(10)],
  ])('has its stream tried anew, then refused, when it %s', async (_, answer) => {
    await using rig = await startGatewayRig()
    const executor = await rig.executor('w', 'box', { era: 'noise', handshake: answer })
    const bridge = await rig.bridge('w', 'box')
    const stream = bridge.resume()
    expect((await bridge.resets.take()).streamId).toBe(stream)
    const ids = [(await executor.resets.take()).streamId, (await executor.resets.take()).streamId]
    expect(new Set(ids).size).toBe(2)
  })

  it('is waited for only so long', async () => {
    await using rig = await startGatewayRig({ limits: { openTimeoutMs: 50 } })
    await rig.executor('w', 'box', { era: 'noise', handshake: () => undefined })
    const bridge = await rig.bridge('w', 'box')
    bridge.resume()
    expect((await bridge.resets.take()).text).toBe('Opening a stream took longer than 50 ms')
  })

  it('loses a stream whose record was changed on the way, and only that', async () => {
    await using rig = await startGatewayRig()
    const executor = await rig.executor('w', 'box', { era: 'noise' })
    const bridge = await rig.bridge('w', 'box')
    const [broken, whole] = [bridge.resume(), bridge.resume()]
    await bridge.ask(broken, 1)
    await bridge.ask(whole, 2)
    const { streamId } = await executor.messages.take()
    executor.socket!.send(
      encodeRelayFrame({
        streamId,
        body: { kind: 'data', seq: 1, segmentIndex: 0, segmentCount: 1, payload: randomBytes(100) },
      }),
    )
    expect((await bridge.resets.take()).streamId).toBe(broken)
    expect(await bridge.ask(whole, 3)).toBe('{"id":3,"result":{"id":3}}')
  })
})

async function isThere(rig: GatewayRig): Promise<boolean> {
  const { json } = await askHttp(`${rig.url}/internal/status`, { token: rig.internalSecret })
  return (json().executors as { bridges: number }[])[0]!.bridges > 0
}

import { describe, expect, it } from 'vitest'
import type { WebSocket } from 'ws'
import type { DiallingExecutor } from '../support/dialling-executor.ts'
import { type GatewayRig, startGatewayRig } from '../support/gateway-rig.ts'
import { askHttp } from '../support/http-ask.ts'
import { ManualClock } from '../support/manual-clock.ts'

const MB = 1_000_000
/** Messages of 1 MB, more than a loopback and our queues hold. */
const MANY = 24
const LINE = JSON.stringify({ method: 'process/output', params: 'x'.repeat(MB) })

/** Resolves with what is left to send when nothing flows any more. */
async function settledBytes(rig: GatewayRig, socket: WebSocket): Promise<number> {
  for (let left = -1; ; ) {
    if (left === socket.bufferedAmount) return left
    left = socket.bufferedAmount
    for (let n = 0; n < 8; n++) await askHttp(`${rig.url}/healthz`)
  }
}

/** A bridge with one stream, and the executor's id for it. */
async function openStream(rig: GatewayRig, executor: DiallingExecutor) {
  const bridge = await rig.bridge('w', 'box')
  const stream = bridge.resume()
  await bridge.ask(stream, 1)
  return { bridge, stream, streamId: (await executor.messages.take()).streamId }
}

describe.each(['text', 'relay', 'noise'] as const)('a bridge that does not read (%s)', (era) => {
  it('slows the executor down, and loses nothing', async () => {
    await using rig = await startGatewayRig()
    const executor = await rig.executor('w', 'box', { era })
    const { bridge, streamId } = await openStream(rig, executor)
    bridge.socket.pause()
    for (let n = 0; n < MANY; n++) executor.say(streamId, LINE)
    expect(await settledBytes(rig, executor.socket!)).toBeGreaterThan(5 * MB)
    bridge.socket.resume()
    for (let n = 0; n < MANY; n++) expect((await bridge.messages.take()).text).toBe(LINE)
  })
})

describe.each(['text', 'relay', 'noise'] as const)('an executor that does not read (%s)', (era) => {
  it('slows the bridge down, and loses nothing', async () => {
    await using rig = await startGatewayRig()
    const executor = await rig.executor('w', 'box', { era, answer: () => undefined })
    const bridge = await rig.bridge('w', 'box')
    const stream = bridge.resume()
    bridge.send(stream, '{"id":1,"method":"first"}')
    await executor.messages.take()
    executor.socket!.pause()
    for (let n = 0; n < MANY; n++) bridge.send(stream, LINE)
    expect(await settledBytes(rig, bridge.socket)).toBeGreaterThan(5 * MB)
    executor.socket!.resume()
    for (let n = 0; n < MANY; n++) expect((await executor.messages.take()).text).toBe(LINE)
  })
})

describe('an executor shared by bridges', () => {
  it('goes on for the others when one does not read, which is cut in the end', async () => {
    await using rig = await startGatewayRig({ limits: { patienceMs: 10, maxBridgeQueueBytes: 8 * MB } })
    const executor = await rig.executor('w', 'box')
    const [lazy, busy] = [await openStream(rig, executor), await openStream(rig, executor)]
    lazy.bridge.socket.pause()
    for (let n = 0; n < 40; n++) executor.say(lazy.streamId, LINE)
    for (let id = 2; id < 5; id++)
      expect(await busy.bridge.ask(busy.stream, id)).toBe(`{"id":${id},"result":{"id":${id}}}`)
    expect((await executor.resets.take()).streamId).toBe(lazy.streamId)
    lazy.bridge.socket.resume()
    await lazy.bridge.closed
    expect(await busy.bridge.ask(busy.stream, 9)).toBe('{"id":9,"result":{"id":9}}')
  })

  it('cannot fill the gateway for a bridge that does not read, though it promised to wait for credit', async () => {
    // Nobody is taken for dead meanwhile: that would cut the bridge too.
    const clock = new ManualClock()
    await using rig = await startGatewayRig({ clock, limits: { maxBridgeQueueBytes: 8 * MB } })
    const executor = await rig.executor('w', 'box', { heedsCredit: true })
    const [lazy, busy] = [await openStream(rig, executor), await openStream(rig, executor)]
    lazy.bridge.socket.pause()
    for (let n = 0; n < 40; n++) executor.say(lazy.streamId, LINE)
    expect((await executor.resets.take()).streamId).toBe(lazy.streamId)
    lazy.bridge.socket.resume()
    await lazy.bridge.closed
    expect(await busy.bridge.ask(busy.stream, 9)).toBe('{"id":9,"result":{"id":9}}')
  })

  it('serves a quiet bridge between the messages of a greedy one', async () => {
    await using rig = await startGatewayRig()
    const executor = await rig.executor('w', 'box', { answer: () => undefined })
    const [greedy, quiet] = [await rig.bridge('w', 'box'), await rig.bridge('w', 'box')]
    const [loud, still] = [greedy.resume(), quiet.resume()]
    greedy.send(loud, '{"id":1,"method":"first"}')
    quiet.send(still, '{"id":2,"method":"first"}')
    await Promise.all([executor.messages.take(), executor.messages.take()])
    executor.socket!.pause()
    for (let n = 0; n < MANY; n++) greedy.send(loud, LINE)
    await settledBytes(rig, greedy.socket)
    quiet.send(still, '{"method":"quiet"}')
    for (let n = 0; n < 8; n++) await askHttp(`${rig.url}/healthz`)
    executor.socket!.resume()
    const order: string[] = []
    for (let n = 0; n < MANY + 1; n++) order.push(JSON.parse((await executor.messages.take()).text).method)
    // Behind what lies in the network already, and at most one message of the greedy one.
    const before = order.indexOf('quiet')
    expect(before).toBeGreaterThanOrEqual(0)
    expect(order.length - before).toBeGreaterThan(5)
  })
})

describe('half-sent messages', () => {
  it('may be held for an executor only so far, over all streams of all bridges', async () => {
    await using rig = await startGatewayRig({ limits: { maxAssemblyBytes: 3 * MB } })
    await rig.executor('w', 'box')
    const bridge = await rig.bridge('w', 'box')
    const payload = Buffer.alloc(MB)
    const half = { kind: 'data', seq: 0, segmentIndex: 0, segmentCount: 2, payload } as const
    const streams = Array.from({ length: 4 }, () => bridge.resume())
    for (const stream of streams) bridge.frame(stream, half)
    const text = 'Too much of half-sent messages is held'
    expect(await bridge.resets.take()).toEqual({ streamId: streams[3], text })
    const other = await rig.bridge('w', 'box')
    const streamId = other.resume()
    other.frame(streamId, half)
    expect(await other.resets.take()).toEqual({ streamId, text })
    const good = bridge.resume()
    expect(await bridge.ask(good, 1)).toBe('{"id":1,"result":{"id":1}}')
  })

  it('are put together', async () => {
    await using rig = await startGatewayRig()
    await rig.executor('w', 'box')
    const bridge = await rig.bridge('w', 'box')
    const stream = bridge.resume()
    const parts = ['{"id":1,"method":"echo",', '"params":"all', ' of it"}']
    for (const [segmentIndex, part] of parts.entries())
      bridge.frame(stream, {
        kind: 'data',
        seq: 0,
        segmentIndex,
        segmentCount: 3,
        payload: Buffer.from(part),
      })
    expect((await bridge.messages.take()).text).toBe('{"id":1,"result":"all of it"}')
  })
})

import { describe, expect, it } from 'vitest'
import { generateIdentity } from '../../src/gateway/noise/identity.ts'
import { startGatewayRig } from '../support/gateway-rig.ts'
import { askUpgrade } from '../support/http-ask.ts'
import { ManualClock } from '../support/manual-clock.ts'

describe.each(['text', 'relay', 'noise', 'direct'] as const)('an executor of the era %s', (era) => {
  it('joins, and is used through a bridge', async () => {
    await using rig = await startGatewayRig()
    const executor = await rig.executor('w', 'box', { era })
    const bridge = await rig.bridge('w', 'box')
    const stream = bridge.resume()
    expect(await bridge.ask(stream, 1)).toBe('{"id":1,"result":{"id":1}}')
    const asked = await executor.messages.take()
    expect(asked.text).toContain('"method":"echo"')
    executor.say(asked.streamId, '{"method":"process/exited"}')
    expect((await bridge.messages.take()).text).toBe('{"method":"process/exited"}')
  })

  it('is told all ids that any version looks for, and an address of its own', async () => {
    await using rig = await startGatewayRig()
    const executor = await rig.executor('w', 'box', { era })
    const { id } = executor.options
    expect(executor.reply).toMatchObject({ id, executor_id: id, environment_id: id })
    expect(executor.reply.url).toMatch(/^ws:\/\/127\.0\.0\.1:\d+\/executor\/[\w-]{43}$/)
    if (era === 'noise')
      expect(executor.reply).toMatchObject({
        security_profile: 'noise_hybrid_ik_v1',
        executor_registration_id: expect.stringMatching(/^reg_/),
      })
    if (era === 'direct')
      expect(executor.reply).toMatchObject({
        transport: 'direct_jsonrpc_v1',
        registration_id: expect.stringMatching(/^reg_/),
      })
  })

  it('gets a pong for each message it sends', async () => {
    await using rig = await startGatewayRig()
    const executor = await rig.executor('w', 'box', { era })
    const bridge = await rig.bridge('w', 'box')
    const stream = bridge.resume()
    for (let id = 1; id <= 3; id++) await bridge.ask(stream, id)
    await expect.poll(() => executor.pongs).toBeGreaterThanOrEqual(3)
  })

  it('carries messages of megabytes, whole and in order, both ways', async () => {
    await using rig = await startGatewayRig()
    await rig.executor('w', 'box', { era })
    const bridge = await rig.bridge('w', 'box')
    const stream = bridge.resume()
    const sizes = [3_000_000, 10, 1_000_000, 0]
    for (const [id, size] of sizes.entries())
      bridge.send(stream, JSON.stringify({ id, method: 'echo', params: 'x'.repeat(size) }))
    for (const [id, size] of sizes.entries()) {
      const { text } = await bridge.messages.take()
      const answer = JSON.parse(text)
      expect([answer.id, answer.result.length]).toEqual([id, size])
    }
  })

  it('comes back to its address when its connection is lost, and the bridge hears of the loss', async () => {
    await using rig = await startGatewayRig()
    const executor = await rig.executor('w', 'box', { era })
    const bridge = await rig.bridge('w', 'box')
    await bridge.ask(bridge.resume(), 1)
    await executor.cut()
    expect((await bridge.resets.take()).text).toMatch(/Connection lost/)
    await bridge.closed
    await executor.dial()
    const next = await rig.bridge('w', 'box')
    expect(await next.ask(next.resume(), 2)).toBe('{"id":2,"result":{"id":2}}')
  })

  it('comes back to its address when the gateway is restarted', async () => {
    await using rig = await startGatewayRig()
    const executor = await rig.executor('w', 'box', { era })
    await rig.restart()
    expect(await executor.closed).toBe('The gateway is stopping')
    await executor.dial()
    const bridge = await rig.bridge('w', 'box')
    expect(await bridge.ask(bridge.resume(), 1)).toBe('{"id":1,"result":{"id":1}}')
  })
})

describe.each(['text', 'direct'] as const)('an executor that carries one stream (%s)', (era) => {
  it('serves one bridge at a time; others get 503 with the reason', async () => {
    await using rig = await startGatewayRig()
    await rig.executor('w', 'box', { era })
    await rig.bridge('w', 'box')
    const url = `${rig.url}/bridge/${rig.exeId('w', 'box')}`
    const { status, body } = await askUpgrade(url, { token: rig.workspaceToken('w') })
    expect([status, body]).toEqual([
      503,
      'The executor "box" is busy: it serves one client at a time, and has one',
    ])
  })

  it('is hung up on when its bridge leaves, so that it dials again for the next', async () => {
    await using rig = await startGatewayRig()
    const executor = await rig.executor('w', 'box', { era })
    const bridge = await rig.bridge('w', 'box')
    await bridge.ask(bridge.resume(), 1)
    bridge.socket.close()
    await executor.closed
    await executor.dial()
    const next = await rig.bridge('w', 'box')
    expect(await next.ask(next.resume(), 2)).toBe('{"id":2,"result":{"id":2}}')
  })

  it('is free again when its bridge is gone without a word, after 25 s', async () => {
    const clock = new ManualClock()
    await using rig = await startGatewayRig({ clock })
    const executor = await rig.executor('w', 'box', { era })
    const bridge = await rig.bridge('w', 'box')
    await bridge.ask(bridge.resume(), 1)
    // As a network does that goes away: nothing is read, nothing is answered, nothing is closed.
    bridge.socket.pause()
    for (let n = 1; n <= 2; n++) {
      await clock.advance(10_000)
      await expect.poll(() => executor.pings).toBe(n)
    }
    await clock.advance(5_000)
    await executor.closed
    await executor.dial()
    const next = await rig.bridge('w', 'box')
    expect(await next.ask(next.resume(), 2)).toBe('{"id":2,"result":{"id":2}}')
  })

  it('refuses a second stream, and the first goes on', async () => {
    await using rig = await startGatewayRig()
    await rig.executor('w', 'box', { era })
    const bridge = await rig.bridge('w', 'box')
    const first = bridge.resume()
    await bridge.ask(first, 1)
    const second = bridge.resume()
    const reset = await bridge.resets.take()
    expect(reset.streamId).toBe(second)
    expect(reset.text).toMatch(/carries one stream at a time/)
    expect(await bridge.ask(first, 2)).toBe('{"id":2,"result":{"id":2}}')
  })
})

describe.each(['relay', 'noise'] as const)('an executor that carries many streams (%s)', (era) => {
  it('serves many bridges, each with streams of its own, under ids of the gateway', async () => {
    await using rig = await startGatewayRig()
    const executor = await rig.executor('w', 'box', { era })
    const bridges = await Promise.all([1, 2, 3].map(() => rig.bridge('w', 'box')))
    // The same id on every bridge: they must not meet.
    const streams = bridges.flatMap((bridge) =>
      ['one', 'two'].map((id) => [bridge, bridge.resume(id)] as const),
    )
    for (const [n, [bridge, stream]] of streams.entries())
      expect(await bridge.ask(stream, n)).toBe(`{"id":${n},"result":{"id":${n}}}`)
    const ids = await Promise.all(streams.map(async () => (await executor.messages.take()).streamId))
    expect(new Set(ids).size).toBe(6)
    expect(ids).not.toContain('one')
  })

  it('is told by a reset of the streams of a bridge that left, and of no others', async () => {
    await using rig = await startGatewayRig()
    const executor = await rig.executor('w', 'box', { era })
    const [leaving, staying] = [await rig.bridge('w', 'box'), await rig.bridge('w', 'box')]
    const kept = staying.resume()
    await staying.ask(kept, 1)
    await executor.messages.take()
    await leaving.ask(leaving.resume(), 2)
    const { streamId } = await executor.messages.take()
    leaving.socket.terminate()
    expect((await executor.resets.take()).streamId).toBe(streamId)
    expect(await staying.ask(kept, 3)).toBe('{"id":3,"result":{"id":3}}')
    expect(executor.resets.size).toBe(0)
  })

  it('ends the stream of a bridge that it resets, and a new one may be opened', async () => {
    await using rig = await startGatewayRig()
    const executor = await rig.executor('w', 'box', { era })
    const bridge = await rig.bridge('w', 'box')
    const stream = bridge.resume()
    await bridge.ask(stream, 1)
    executor.reset((await executor.messages.take()).streamId, 'noise_relay_protocol_error')
    const reset = await bridge.resets.take()
    expect(reset).toEqual({ streamId: stream, text: 'The stream was reset (noise_relay_protocol_error)' })
    expect(await bridge.ask(bridge.resume(), 2)).toBe('{"id":2,"result":{"id":2}}')
  })

  it('passes a reset of the bridge on', async () => {
    await using rig = await startGatewayRig()
    const executor = await rig.executor('w', 'box', { era })
    const bridge = await rig.bridge('w', 'box')
    const stream = bridge.resume()
    await bridge.ask(stream, 1)
    const { streamId } = await executor.messages.take()
    bridge.frame(stream, { kind: 'reset', reason: 'closed' })
    expect((await executor.resets.take()).streamId).toBe(streamId)
  })
})

describe('an executor of the era noise', () => {
  it('is told that the gateway is who it says, for as long as the handshake lasts', async () => {
    await using rig = await startGatewayRig()
    const executor = await rig.executor('w', 'box', { era: 'noise' })
    const bridge = await rig.bridge('w', 'box')
    await bridge.ask(bridge.resume(), 1)
    expect(await executor.validations.take()).toBe(true)
    const { sender, authorization } = executor.lastHandshake!
    expect(await executor.validate(sender, authorization)).toBe(false)
    expect(await executor.validate(sender, 'made up')).toBe(false)
  })

  it('is told no about a key that is not the gateway’s', async () => {
    await using rig = await startGatewayRig()
    const { dh, kem } = generateIdentity()
    const askedKey = { x25519: dh.publicBytes, kem: kem.publicBytes }
    const executor = await rig.executor('w', 'box', { era: 'noise', askedKey })
    const bridge = await rig.bridge('w', 'box')
    bridge.resume()
    expect(await executor.validations.take()).toBe(false)
    expect((await bridge.resets.take()).text).toBe('The stream was reset (noise_relay_protocol_error)')
  })
})

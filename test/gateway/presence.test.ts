import { describe, expect, it } from 'vitest'
import { startGatewayRig } from '../support/gateway-rig.ts'
import { askHttp } from '../support/http-ask.ts'
import { ManualClock } from '../support/manual-clock.ts'

describe('presence', () => {
  it('pings an executor every 10 s, which keeps it', async () => {
    const clock = new ManualClock()
    await using rig = await startGatewayRig({ clock })
    const executor = await rig.executor('w', 'box')
    for (let n = 1; n <= 6; n++) {
      await clock.advance(10_000)
      await expect.poll(() => executor.pings).toBe(n)
      await seenBy(rig, clock)
    }
    expect(executor.socket!.readyState).toBe(executor.socket!.OPEN)
  })

  it('takes an executor for dead that shows no sign for 25 s, and tells its bridges', async () => {
    const clock = new ManualClock()
    await using rig = await startGatewayRig({ clock })
    const executor = await rig.executor('w', 'box')
    const bridge = await rig.bridge('w', 'box')
    await bridge.ask(bridge.resume(), 1)
    executor.socket!.pause()
    await clock.advance(24_999)
    expect((await statusOf(rig)).isConnected).toBe(true)
    await clock.advance(1)
    expect((await bridge.resets.take()).text).toBe('No sign of life for 25 s')
    expect((await statusOf(rig)).isConnected).toBe(false)
  })

  it('takes a bridge for dead in the same way, and lets its streams go', async () => {
    const clock = new ManualClock()
    await using rig = await startGatewayRig({ clock })
    const executor = await rig.executor('w', 'box')
    const bridge = await rig.bridge('w', 'box')
    await bridge.ask(bridge.resume(), 1)
    bridge.socket.pause()
    for (let n = 0; n < 3; n++) {
      await clock.advance(10_000)
      await seenBy(rig, clock)
    }
    expect((await executor.resets.take()).text).toBe('No sign of life for 25 s')
  })

  it('does not take one for dead that it is holding back itself', async () => {
    const clock = new ManualClock()
    await using rig = await startGatewayRig({ clock })
    const executor = await rig.executor('w', 'box')
    const bridge = await rig.bridge('w', 'box')
    await bridge.ask(bridge.resume(), 1)
    const { streamId } = await executor.messages.take()
    bridge.socket.pause()
    for (let n = 0; n < 24; n++)
      executor.say(streamId, JSON.stringify({ method: 'm', params: 'x'.repeat(1e6) }))
    await expect.poll(() => executor.socket!.bufferedAmount).toBeGreaterThan(5e6)
    await clock.advance(20_000)
    bridge.socket.resume()
    for (let n = 0; n < 24; n++) await bridge.messages.take()
    await clock.advance(20_000)
    expect((await statusOf(rig)).isConnected).toBe(true)
  })

  it('knows an executor after a crash too: it is written down as it comes', async () => {
    await using rig = await startGatewayRig()
    await using _box = await rig.executor('w', 'box')
    await expect.poll(() => rig.state.executors.read()).toMatchObject([{ workspaceId: 'w', name: 'box' }])
  })

  it('remembers over a restart when an executor was last seen', async () => {
    await using rig = await startGatewayRig()
    const before = Date.now()
    await rig.executor('w', 'box')
    await rig.restart()
    const { isConnected, lastSeenAt } = await statusOf(rig)
    expect(isConnected).toBe(false)
    expect(Date.parse(String(lastSeenAt))).toBeGreaterThanOrEqual(before)
    expect(Date.parse(String(lastSeenAt))).toBeLessThanOrEqual(Date.now())
  })
})

type Rig = Awaited<ReturnType<typeof startGatewayRig>>

async function statusOf(rig: Rig) {
  const { json } = await askHttp(`${rig.url}/internal/status`, { token: rig.internalSecret })
  return (json().executors as { isConnected: boolean; lastSeenAt?: string }[])[0]!
}

/** Waits until the gateway has seen a sign of the executor at the present time of the clock. */
async function seenBy(rig: Rig, _: ManualClock): Promise<void> {
  await expect
    .poll(async () => Date.now() - Date.parse(String((await statusOf(rig)).lastSeenAt)))
    .toBeLessThan(1000)
}

import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { askStatus } from '../../src/gateway/ask-status.ts'
import { parseStatus } from '../../src/gateway/status.ts'
import { startGatewayRig } from '../support/gateway-rig.ts'

describe('askStatus', () => {
  it('tells what is connected, and what went through', async () => {
    await using rig = await startGatewayRig()
    await rig.state.listening.update(() => ({ localUrl: rig.url, publicUrl: rig.url }))
    const executor = await rig.executor('w', 'box')
    const gone = await rig.executor('w', 'gone')
    await gone.cut()
    const bridge = await rig.bridge('w', 'box')
    for (const stream of [bridge.resume(), bridge.resume()]) await bridge.ask(stream, 1)
    await expect.poll(async () => (await askStatus(rig.state))[1]?.isConnected).toBe(false)
    const [box, other] = await askStatus(rig.state)
    expect(box).toEqual({
      workspace: 'w',
      name: 'box',
      exeId: executor.options.id,
      isConnected: true,
      era: 'relay',
      address: '127.0.0.1',
      lastSeenAt: expect.stringMatching(/Z$/),
      bridges: 1,
      sessions: 2,
      bytesIn: expect.any(Number),
      bytesOut: expect.any(Number),
      rival: undefined,
    })
    expect(box!.bytesIn).toBeGreaterThan(50)
    expect(box!.bytesOut).toBeGreaterThan(50)
    expect(other).toMatchObject({ name: 'gone', isConnected: false, bridges: 0, sessions: 0, era: undefined })
  })

  it('believes the certificate of the gateway, and no other', async () => {
    const file = (name: string) => readFile(`test/fixtures/gateway/${name}.pem`)
    const tls = { cert: await file('cert'), key: await file('key') }
    await using rig = await startGatewayRig({ tls })
    const localUrl = rig.url.replace('http:', 'https:')
    const listening = { localUrl, publicUrl: localUrl, certFile: 'test/fixtures/gateway/cert.pem' }
    await rig.state.listening.update(() => listening)
    expect(await askStatus(rig.state)).toEqual([])
    await rig.state.listening.update(() => ({
      ...listening,
      certFile: 'test/fixtures/gateway/other-cert.pem',
    }))
    await expect(askStatus(rig.state)).rejects.toThrow(/^Cannot ask the gateway at https:.*certificate/)
  })

  it('says when no gateway has run, or none runs now', async () => {
    await using rig = await startGatewayRig()
    await expect(askStatus(rig.state)).rejects.toThrow('No gateway has run on the state in')
    await rig.state.listening.update(() => ({
      localUrl: 'http://127.0.0.1:1',
      publicUrl: 'http://127.0.0.1:1',
    }))
    await expect(askStatus(rig.state)).rejects.toThrow('Cannot ask the gateway at http://127.0.0.1:1: ')
  })
})

describe('parseStatus', () => {
  it.each([[null], [{}], [{ executors: [1] }], [{ executors: [{ workspace: 'w' }] }]])(
    'takes no %j for a status',
    (value) => {
      expect(() => parseStatus(value)).toThrow()
    },
  )
})

import { describe, expect, it } from 'vitest'
import { rotateKeys } from '../../src/gateway/keys.ts'
import { generateIdentity } from '../../src/gateway/noise/identity.ts'
import { secondsNow } from '../../src/gateway/tokens.ts'
import { DiallingExecutor } from '../support/dialling-executor.ts'
import { startGatewayRig } from '../support/gateway-rig.ts'
import { askHttp, askUpgrade } from '../support/http-ask.ts'

describe('registering', () => {
  it('is done under the id or the name of the executor, in one place each', async () => {
    await using rig = await startGatewayRig()
    const byName = await rig.executor('w', 'box', { id: 'box' })
    expect(byName.reply.environment_id).toBe('box')
    const bridge = await rig.bridge('w', 'box')
    expect(await bridge.ask(bridge.resume(), 1)).toBe('{"id":1,"result":{"id":1}}')
  })

  it('says which id a token is for when it is used for another', async () => {
    await using rig = await startGatewayRig()
    const executor = new DiallingExecutor({ url: rig.url, id: 'bix', token: rig.joinToken('w', 'box') })
    const { status, body } = await executor.register()
    expect([status, body]).toEqual([
      403,
      `This join token is for the executor "box": give ${rig.exeId('w', 'box')} as its id`,
    ])
  })

  it('is answered late, not refused, when it comes too often', async () => {
    await using rig = await startGatewayRig({ limits: { registerSpacingMs: 50 } })
    const token = rig.joinToken('w', 'box')
    const startedAt = performance.now()
    const answers = await Promise.all(
      Array.from({ length: 6 }, () =>
        askHttp(`${rig.url}/cloud/environment/box/register`, { method: 'POST', token }),
      ),
    )
    expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(200))
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(249)
  })

  it('describes the executor as its newest token does, with one default for a workspace', async () => {
    await using rig = await startGatewayRig()
    const join = (name: string, more: object) =>
      rig.executor('w', name, { token: rig.joinToken('w', name, more) })
    await join('alpha', { description: 'first', isDefault: true })
    await join('beta', { description: 'second', isDefault: true })
    const answer = await askHttp(`${rig.url}/api/exec-gateway/connected`, { token: rig.workspaceToken('w') })
    expect(answer.json()).toMatchObject([
      { name: 'alpha', description: 'first', is_default: false },
      { name: 'beta', description: 'second', is_default: true },
    ])
  })

  it('gives addresses under the public URL, which may have a path', async () => {
    await using rig = await startGatewayRig({ publicUrl: 'https://gate.example/env/' })
    const token = rig.joinToken('w', 'box')
    const path = '/env/cloud/environment/box/register'
    const { json } = await askHttp(rig.url + path, { method: 'POST', token })
    expect(json().url).toMatch(/^wss:\/\/gate\.example\/env\/executor\//)
  })
})

describe('a ticket', () => {
  it('that was never given out gets 409, as one that is over', async () => {
    await using rig = await startGatewayRig()
    for (const ticket of ['x', 'A'.repeat(43)])
      expect((await askUpgrade(`${rig.url}/executor/${ticket}`)).status).toBe(409)
  })

  it('dies when the same process registers again', async () => {
    await using rig = await startGatewayRig()
    const executor = await rig.executor('w', 'box', { era: 'text' })
    const old = executor.address
    await executor.register()
    expect((await askUpgrade(old)).status).toBe(409)
    await executor.dial()
  })

  it('is no longer taken once the key of its join token is rotated away', async () => {
    await using rig = await startGatewayRig()
    const executor = await rig.executor('w', 'box')
    await rig.state.keys.update((keys) => rotateKeys(keys, 'join', secondsNow(), secondsNow()))
    await executor.cut()
    await expect(executor.dial()).rejects.toThrow('Refused: 401')
    expect((await executor.register()).status).toBe(401)
  })
})

describe('a second connection of an executor', () => {
  const key = generateIdentity()

  it.each([
    ['with the same key', { era: 'noise', identity: key }],
    ['of the same process', { era: 'text' }],
  ] as const)('%s takes the place of the first, which is told why', async (_, options) => {
    await using rig = await startGatewayRig()
    const first = await rig.executor('w', 'box', options)
    const second = await rig.executor('w', 'box', options)
    expect(await first.closed).toBe('Replaced by a newer connection of this executor')
    const bridge = await rig.bridge('w', 'box')
    await bridge.ask(bridge.resume(), 1)
    expect([first.messages.size, second.messages.size]).toEqual([0, 1])
  })

  it.each(['direct', 'relay'] as const)(
    'joins with the longest description, and is known after a restart (%s)',
    async (era) => {
      await using rig = await startGatewayRig()
      const token = rig.joinToken('w', 'box', { description: '\u6f22'.repeat(1000) })
      const executor = await rig.executor('w', 'box', { era, token })
      await rig.restart()
      await expect(executor.dial()).resolves.toBeUndefined()
    },
  )

  it('by the same address takes the place of the first, whatever its era', async () => {
    await using rig = await startGatewayRig()
    const executor = await rig.executor('w', 'box', { era: 'direct' })
    const first = executor.closed
    await executor.dial()
    expect(await first).toBe('Replaced by a newer connection of this executor')
  })

  it.each(['relay', 'noise', 'direct'] as const)(
    'of another machine that lives is refused, and shown (%s)',
    async (era) => {
      await using rig = await startGatewayRig()
      const first = await rig.executor('w', 'box', { era })
      const token = rig.joinToken('w', 'box')
      const rival = new DiallingExecutor({ url: rig.url, id: 'box', token, era })
      for (let n = 0; n < 3; n++) await expect(rival.join()).rejects.toThrow('Refused: 503')
      const { json } = await askHttp(`${rig.url}/internal/status`, { token: rig.internalSecret })
      expect(json().executors).toMatchObject([{ name: 'box', isConnected: true, rival: '127.0.0.1' }])
      const said = rig.logger.lines.filter(({ message }) => message.startsWith('another machine'))
      expect(said).toHaveLength(1)
      const bridge = await rig.bridge('w', 'box')
      expect(await bridge.ask(bridge.resume(), 1)).toBe('{"id":1,"result":{"id":1}}')
      expect(first.messages.size).toBe(1)
    },
  )

  it('takes the place of one that no longer answers', async () => {
    await using rig = await startGatewayRig({ limits: { probeMs: 30 } })
    const first = await rig.executor('w', 'box')
    first.socket!.pause()
    await rig.executor('w', 'box')
    first.socket!.resume()
    expect(await first.closed).toBe('Replaced by a newer connection of this executor')
  })
})

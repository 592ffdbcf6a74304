import { describe, expect, it } from 'vitest'
import { rotateKeys } from '../../src/gateway/keys.ts'
import { secondsNow } from '../../src/gateway/tokens.ts'
import { startGatewayRig } from '../support/gateway-rig.ts'
import { askHttp, askUpgrade } from '../support/http-ask.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { RawBridge } from '../support/raw-bridge.ts'

/** Every place that wants a token: what it wants, and how it is asked. */
const DOORS = [
  ['the bridge', 'workspace', '/bridge/exe_0', 'UPGRADE'],
  ['the list', 'workspace', '/api/exec-gateway/connected', 'GET'],
  ['the older list', 'loopback', '/internal/connected', 'GET'],
  ['minting', 'internal', '/api/exec-gateway/tokens', 'POST'],
  ['revoking', 'internal', '/api/exec-gateway/revoke-turn', 'POST'],
  ['making a ticket', 'internal', '/api/exec-gateway/relay/create', 'POST'],
  ['the status', 'internal', '/internal/status', 'GET'],
  ['uploading', 'ticket', '/relay/rly_0', 'PUT'],
  ['downloading', 'ticket', '/relay/rly_0', 'GET'],
  ['registering', 'join', '/cloud/environment/box/register', 'POST'],
  ['registering, older', 'join', '/cloud/executor/box/register', 'POST'],
  ['registering directly', 'signature', '/cloud/environment/box/direct/register', 'POST'],
  ['validating', 'join', '/cloud/environment/box/validate', 'POST'],
] as const

describe.each(DOORS)('%s', (_, kind, path, method) => {
  const knock = (url: string, token?: string) => {
    const headers = kind === 'loopback' && token !== undefined ? { 'X-Loopback-Token': token } : {}
    const bearer = kind === 'loopback' ? undefined : token
    return method === 'UPGRADE'
      ? askUpgrade(url + path, { token: bearer })
      : askHttp(url + path, { method, token: bearer, headers })
  }

  it('answers 401 without a token, and with a bad one', async () => {
    await using rig = await startGatewayRig()
    const answers = [await knock(rig.url), await knock(rig.url, 'made-up'), await knock(rig.url, 'a.b')]
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401])
    expect(answers[0]!.headers['www-authenticate']).toBe('Bearer')
  })
})

describe('a workspace token', () => {
  const list = async (url: string, token: string) => {
    const { status, body } = await askHttp(`${url}/api/exec-gateway/connected`, { token })
    return status === 200 ? 200 : `${status} ${body}`
  }

  it('is refused once it has expired, with the reason', async () => {
    await using rig = await startGatewayRig()
    const old = rig.workspaceToken('w', { now: secondsNow() - 7200 })
    expect(await list(rig.url, old)).toBe('401 The workspace token has expired: mint a new one')
  })

  it('is refused once its turn is revoked, also after a restart, and its bridges are closed', async () => {
    await using rig = await startGatewayRig()
    await rig.executor('w', 'box')
    const bridge = await rig.bridge('w', 'box')
    const [kept, over] = ['kept', 'over'].map((turnId) => rig.workspaceToken('w', { turnId }))
    await using doomed = await RawBridge.open(rig.url, rig.exeId('w', 'box'), over!)
    const answer = await askHttp(`${rig.url}/api/exec-gateway/revoke-turn`, {
      token: rig.internalSecret,
      body: { turn_id: 'over', exp: secondsNow() + 3600 },
    })
    expect(answer.status).toBe(200)
    expect(await doomed.closed).toBe('The workspace token was revoked: its turn is over')
    expect(await bridge.ask(bridge.resume(), 1)).toBe('{"id":1,"result":{"id":1}}')
    for (let round = 0; round < 2; round++) {
      expect(await list(rig.url, over!)).toBe('401 The workspace token was revoked: its turn is over')
      expect(await list(rig.url, kept!)).toBe(200)
      await rig.restart()
    }
  })

  it('is minted with the internal secret, for a turn and a time', async () => {
    await using rig = await startGatewayRig()
    const { status, json } = await askHttp(`${rig.url}/api/exec-gateway/tokens`, {
      token: rig.internalSecret,
      body: { workspace_id: 'w', turn_id: 't1', user_id: 'u1', ttl_seconds: 60 },
    })
    const { token, expires_at } = json()
    expect(status).toBe(201)
    expect(Date.parse(String(expires_at)) - Date.now()).toBeLessThanOrEqual(60_000)
    expect(JSON.parse(Buffer.from(String(token).split('.')[0]!, 'base64url').toString())).toMatchObject({
      turn_id: 't1',
      workspace_id: 'w',
      user_id: 'u1',
    })
    expect(await list(rig.url, String(token))).toBe(200)
  })

  it.each([
    ['no workspace', {}],
    ['a workspace that is no name', { workspace_id: '../x' }],
    ['a life too long', { workspace_id: 'w', ttl_seconds: 10 ** 9 }],
    ['no life', { workspace_id: 'w', ttl_seconds: 0 }],
    ['a life that is no number', { workspace_id: 'w', ttl_seconds: '60' }],
    ['a list', []],
    ['no JSON', '{'],
  ])('is not minted for a body with %s (400)', async (_, body) => {
    await using rig = await startGatewayRig()
    const answer = await askHttp(`${rig.url}/api/exec-gateway/tokens`, { token: rig.internalSecret, body })
    expect(answer.status).toBe(400)
  })

  it('outlives the rotation of its key by the overlap, while the gateway runs', async () => {
    await using rig = await startGatewayRig()
    const before = rig.workspaceToken('w')
    const rotate = (overlap: number) =>
      rig.state.keys.update((keys) => rotateKeys(keys, 'workspace', secondsNow() + overlap, secondsNow()))
    await rotate(3600)
    expect([await list(rig.url, before), await list(rig.url, rig.workspaceToken('w'))]).toEqual([200, 200])
    await rotate(0)
    expect(await list(rig.url, before)).toMatch(/^401 /)
    expect(await list(rig.url, rig.workspaceToken('w'))).toBe(200)
  })
})

describe('failed tries', () => {
  const limits = { failuresPerAddress: 3, failuresPerToken: 2 }
  const list = (url: string, token: string) =>
    askHttp(`${url}/api/exec-gateway/connected`, { token }).then(({ status }) => status)

  it('get 429 when there are too many of an address, for a while; a good token is never shut out', async () => {
    const clock = new ManualClock()
    await using rig = await startGatewayRig({ limits, clock })
    const statuses = []
    for (const token of ['a', 'b', 'c', 'd']) statuses.push(await list(rig.url, token))
    expect(statuses).toEqual([401, 401, 401, 429])
    expect(await list(rig.url, rig.workspaceToken('w'))).toBe(200)
    await clock.advance(60_000)
    expect(await list(rig.url, 'e')).toBe(401)
  })

  it('get 429 when one token is tried too often', async () => {
    await using rig = await startGatewayRig({ limits: { ...limits, failuresPerAddress: 100 } })
    expect([await list(rig.url, 'a'), await list(rig.url, 'a'), await list(rig.url, 'a')]).toEqual([
      401, 401, 429,
    ])
    expect(await list(rig.url, 'b')).toBe(401)
  })

  it('are logged once for an address, and never with a token', async () => {
    await using rig = await startGatewayRig({ limits })
    for (let n = 0; n < 12; n++) await list(rig.url, `secret-${n}`)
    const lines = rig.logger.lines.filter(({ message }) => message === 'failed try')
    expect(lines.map(({ fields }) => fields.tries)).toEqual([1, 4])
    expect(JSON.stringify(rig.logger.lines)).not.toContain('secret')
  })
})

describe('the log', () => {
  it('holds no token, no ticket and no secret', async () => {
    await using rig = await startGatewayRig()
    const executor = await rig.executor('w', 'box')
    const bridge = await rig.bridge('w', 'box')
    await bridge.ask(bridge.resume(), 1)
    await executor.cut()
    await bridge.closed
    await expect.poll(() => rig.logger.lines.map(({ message }) => message)).toContain('executor gone')
    const text = JSON.stringify(rig.logger.lines)
    const ticket = executor.address.split('/').at(-1)!
    for (const secret of [executor.options.token, ticket, rig.internalSecret])
      expect(text).not.toContain(secret)
  })
})

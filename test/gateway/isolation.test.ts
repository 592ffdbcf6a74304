import { describe, expect, it } from 'vitest'
import { listenExecutor } from '../../src/executor/listen.ts'
import type { DiallingExecutor } from '../support/dialling-executor.ts'
import { type GatewayRig, startGatewayRig } from '../support/gateway-rig.ts'
import { askHttp, askUpgrade, type HttpAnswer } from '../support/http-ask.ts'

const NAMES = ['alpha', 'beta'] as const

/** Two workspaces with executors of the same names, all connected. */
async function twoWorkspaces() {
  const rig = await startGatewayRig()
  const executors: DiallingExecutor[] = []
  for (const workspace of ['ours', 'theirs'])
    for (const name of NAMES) executors.push(await rig.executor(workspace, name))
  return { rig, executors }
}

/** What somebody of workspace "ours" may try against "theirs", and what it comes to. */
const TRIES: readonly [string, number, (rig: GatewayRig) => Promise<HttpAnswer>][] = [
  ['bridge to an executor', 403, (rig) => bridgeTo(rig, rig.exeId('theirs', 'alpha'))],
  ['bridge to one by name', 403, (rig) => bridgeTo(rig, 'alpha')],
  ['bridge to a guessed id', 403, (rig) => bridgeTo(rig, 'exe_000000000000000000000000')],
  ['bridge by a path that climbs', 403, (rig) => bridgeTo(rig, '..%2Ftheirs%2Falpha')],
  [
    'bridge with the workspace in the query',
    403,
    (rig) => bridgeTo(rig, `${rig.exeId('theirs', 'alpha')}?workspace_id=theirs`),
  ],
  [
    'copy from one of ours to one of theirs',
    403,
    (rig) => copy(rig, 'ours', rig.exeId('ours', 'alpha'), rig.exeId('theirs', 'beta')),
  ],
  [
    'copy from one of theirs',
    403,
    (rig) => copy(rig, 'ours', rig.exeId('theirs', 'alpha'), rig.exeId('ours', 'beta')),
  ],
  [
    'register one of theirs with a token for one of ours',
    403,
    (rig) => register(rig, rig.exeId('theirs', 'alpha'), rig.joinToken('ours', 'alpha')),
  ],
  [
    'register another one of ours',
    403,
    (rig) => register(rig, rig.exeId('ours', 'beta'), rig.joinToken('ours', 'alpha')),
  ],
  ['register with a workspace token', 401, (rig) => register(rig, 'alpha', rig.workspaceToken('theirs'))],
  [
    'list those of theirs by the query',
    200,
    async (rig) => {
      const answer = await askHttp(`${rig.url}/api/exec-gateway/connected?workspace_id=theirs`, bearer(rig))
      for (const name of NAMES) expect(answer.body).not.toContain(rig.exeId('theirs', name))
      return answer
    },
  ],
  [
    'list those of theirs by both tokens',
    200,
    async (rig) => {
      const headers = { Authorization: `Bearer ${rig.workspaceToken('theirs')}` }
      const older = { headers: { ...headers, 'X-Loopback-Token': rig.workspaceToken('ours') } }
      const answer = await askHttp(`${rig.url}/internal/connected`, older)
      for (const name of NAMES) expect(answer.body).not.toContain(rig.exeId('theirs', name))
      return answer
    },
  ],
  [
    'take a copy of theirs with a token of ours',
    401,
    async (rig) => {
      const { ticket, download_url } = (await theirCopy(rig)).json()
      expect(ticket).toMatch(/^rly_/)
      return askHttp(String(download_url), bearer(rig))
    },
  ],
  [
    'take a copy of theirs by a ticket of ours',
    401,
    async (rig) => {
      const { download_url } = (await theirCopy(rig)).json()
      const ours = await copy(rig, 'ours', rig.exeId('ours', 'alpha'), rig.exeId('ours', 'beta'))
      return askHttp(String(download_url), { token: String(ours.json().ticket) })
    },
  ],
  [
    'ask about a handshake of theirs',
    401,
    (rig) => askHttp(`${rig.url}/cloud/environment/alpha/validate`, { body: {}, ...bearer(rig) }),
  ],
  ['list with a join token', 401, (rig) => list(rig, rig.joinToken('theirs', 'alpha'))],
  ['mint a token with a workspace token', 401, (rig) => internal(rig, 'tokens', { workspace_id: 'theirs' })],
  [
    'revoke a turn with a workspace token',
    401,
    (rig) => internal(rig, 'revoke-turn', { turn_id: 't', exp: 1 }),
  ],
  ['see the status with a workspace token', 401, (rig) => askHttp(`${rig.url}/internal/status`, bearer(rig))],
]

async function listen() {
  const server = await listenExecutor({ host: '127.0.0.1', port: 0 })
  return { url: server.url, [Symbol.asyncDispose]: () => server.close() }
}

const bearer = (rig: GatewayRig) => ({ token: rig.workspaceToken('ours') })
const bridgeTo = (rig: GatewayRig, path: string) => askUpgrade(`${rig.url}/bridge/${path}`, bearer(rig))
const list = (rig: GatewayRig, token: string) => askHttp(`${rig.url}/api/exec-gateway/connected`, { token })
const register = (rig: GatewayRig, id: string, token: string) =>
  askHttp(`${rig.url}/cloud/environment/${id}/register`, { method: 'POST', token })
const internal = (rig: GatewayRig, path: string, body: object) =>
  askHttp(`${rig.url}/api/exec-gateway/${path}`, { body, ...bearer(rig) })
const theirCopy = (rig: GatewayRig) =>
  copy(rig, 'theirs', rig.exeId('theirs', 'alpha'), rig.exeId('theirs', 'beta'))
const copy = (rig: GatewayRig, workspace_id: string, source_exe_id: string, dest_exe_id: string) =>
  askHttp(`${rig.url}/api/exec-gateway/relay/create`, {
    body: { workspace_id, source_exe_id, dest_exe_id },
    token: rig.internalSecret,
  })

describe('one workspace', () => {
  it.each(TRIES)('cannot %s (%i)', async (_, status, attempt) => {
    const { rig, executors } = await twoWorkspaces()
    await using _rig = rig
    expect((await attempt(rig)).status).toBe(status)
    expect(executors.map(({ messages }) => messages.size)).toEqual([0, 0, 0, 0])
  })

  it('gets one answer for what is not there and what is not its own', async () => {
    const { rig } = await twoWorkspaces()
    await using _rig = rig
    const [foreign, none] = [await bridgeTo(rig, rig.exeId('theirs', 'alpha')), await bridgeTo(rig, 'exe_0')]
    expect({ ...foreign, headers: {}, json: 0 }).toEqual({ ...none, headers: {}, json: 0 })
    expect(Object.keys(foreign.headers)).toEqual(Object.keys(none.headers))
  })

  it('sees its own executors, in both forms of the list', async () => {
    const { rig } = await twoWorkspaces()
    await using _rig = rig
    const token = rig.workspaceToken('ours')
    const newer = await list(rig, token)
    const older = await askHttp(`${rig.url}/internal/connected`, { headers: { 'X-Loopback-Token': token } })
    const entries = NAMES.map((name) => ({
      exe_id: rig.exeId('ours', name),
      name,
      description: '',
      is_default: false,
      last_seen_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    }))
    expect([newer.status, newer.json()]).toEqual([200, entries])
    expect([older.status, older.json()]).toEqual([200, entries])
  })

  it('reaches its own executor of a name that the other has as well', async () => {
    const { rig, executors } = await twoWorkspaces()
    await using _rig = rig
    const bridge = await rig.bridge('ours', 'beta')
    await bridge.ask(bridge.resume(), 1)
    expect(executors.map(({ messages }) => messages.size)).toEqual([0, 1, 0, 0])
  })

  it('gets streams of its own, whatever ids of others it guesses', async () => {
    const { rig, executors } = await twoWorkspaces()
    await using _rig = rig
    const [first, second] = [await rig.bridge('ours', 'alpha'), await rig.bridge('ours', 'alpha')]
    const theirs = first.resume()
    await first.ask(theirs, 1)
    const { streamId: inside } = await executors[0]!.messages.take()
    for (const guess of [theirs, inside]) {
      await second.ask(second.resume(guess), 2)
      expect((await executors[0]!.messages.take()).streamId).not.toBe(inside)
    }
    expect(await first.ask(theirs, 3)).toBe('{"id":3,"result":{"id":3}}')
  })

  it('cannot resume a session of the other on a machine of its own', async () => {
    await using rig = await startGatewayRig({ limits: { machinesPollMs: 20 } })
    await using theirs = await listen()
    await using ours = await listen()
    const initialize = async (workspaceId: string, url: string, resumeSessionId?: string) => {
      const machine = { workspaceId, name: 'box', url, description: '', isDefault: false }
      await rig.state.machines.update((machines) => [...machines, machine])
      await expect.poll(async () => (await list(rig, rig.workspaceToken(workspaceId))).body).toContain('box')
      const bridge = await rig.bridge(workspaceId, 'box')
      return bridge.request(bridge.resume(), 'initialize', { clientName: 't', resumeSessionId })
    }
    const { sessionId } = await initialize('theirs', theirs.url)
    const answer = await initialize('ours', ours.url, String(sessionId))
    expect(answer).toMatchObject({ error: { code: -32600 } })
  })

  it('learns nothing about handshakes of the other', async () => {
    const { rig } = await twoWorkspaces()
    await using _rig = rig
    const theirs = await rig.executor('theirs', 'gamma', { era: 'noise' })
    const ours = await rig.executor('ours', 'gamma', { era: 'noise' })
    ours.reply = theirs.reply
    const bridge = await rig.bridge('theirs', 'gamma')
    theirs.whileAsked = () => ours.validate(theirs.lastHandshake!.sender, theirs.lastHandshake!.authorization)
    await bridge.ask(bridge.resume(), 1)
    expect([await theirs.asked.take(), await theirs.validations.take()]).toEqual([false, true])
  })

  it('is not touched when the other fails or floods', async () => {
    const { rig, executors } = await twoWorkspaces()
    await using _rig = rig
    const [ours, theirs] = [await rig.bridge('ours', 'alpha'), await rig.bridge('theirs', 'alpha')]
    const [kept, lost] = [ours.resume(), theirs.resume()]
    await Promise.all([ours.ask(kept, 1), theirs.ask(lost, 1)])
    executors[2]!.socket!.send(Buffer.from('not a frame'))
    await theirs.closed
    expect(await ours.ask(kept, 2)).toBe('{"id":2,"result":{"id":2}}')
  })
})

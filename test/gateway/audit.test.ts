import { describe, expect, it } from 'vitest'
import { auditTo } from '../../src/gateway/audit.ts'
import { encodeRelayFrame } from '../../src/rpc/relay-frames.ts'
import { startGatewayRig } from '../support/gateway-rig.ts'
import { askHttp } from '../support/http-ask.ts'

type Line = Record<string, unknown>

/** A rig whose audit is a list. */
async function rigWithAudit(limits = {}) {
  const lines: Line[] = []
  const watchers = [auditTo({ write: (line) => void lines.push(JSON.parse(line)) })]
  const rig = await startGatewayRig({ watchers, limits })
  return { rig, lines, of: (event: string) => lines.filter((line) => line.event === event) }
}

const measured = { time: expect.stringMatching(/Z$/), durationMs: expect.any(Number) }

describe('the audit', () => {
  it('has a line for each call: who, where, what, how much and what came of it', async () => {
    const { rig, of } = await rigWithAudit()
    await using _ = rig
    const answer = (method: string) => (method === 'fails' ? undefined : { secret: 'hidden' })
    const executor = await rig.executor('w', 'box', { answer })
    const bridge = await rig.bridge('w', 'box')
    const stream = bridge.resume()
    const params = { processId: 'p1', argv: ['make', 'hidden'], env: { A: 'hidden' } }
    const text = JSON.stringify({ id: 1, method: 'process/start', params })
    bridge.frame(stream, {
      kind: 'data',
      seq: 0,
      segmentIndex: 0,
      segmentCount: 1,
      payload: Buffer.from(text),
      ids: { threadId: 'th', turnId: 'tu', callId: 'c1' },
    })
    const answered = (await bridge.messages.take()).text
    bridge.frame(stream, data(1, '{"method":"initialized"}'))
    bridge.frame(stream, data(2, '{"id":"two","method":"fails"}'))
    await executor.messages.take()
    await executor.messages.take()
    const { streamId } = await executor.messages.take()
    executor.say(streamId, '{"id":"two","error":{"code":-32600,"message":"hidden"}}')
    await bridge.messages.take()
    const who = {
      ...{ workspaceId: 'w', environment: 'box', exeId: rig.exeId('w', 'box'), address: '127.0.0.1' },
      turnId: expect.stringMatching(/^turn_/),
    }
    expect(of('call')).toEqual([
      {
        ...{ ...measured, event: 'call', ...who, client: { threadId: 'th', turnId: 'tu', callId: 'c1' } },
        ...{ method: 'process/start', processId: 'p1', program: 'make' },
        ...{ bytesUp: text.length, bytesDown: answered.length, outcome: 'ok' },
      },
      { ...measured, event: 'call', ...who, method: 'fails', bytesUp: 29, bytesDown: 55, outcome: 'error' },
    ])
    expect(JSON.stringify(of('call'))).not.toContain('hidden')
  })

  it('has the calls that got no answer, when their stream has ended', async () => {
    const { rig, of } = await rigWithAudit()
    await using _ = rig
    const executor = await rig.executor('w', 'box', { answer: () => undefined })
    const bridge = await rig.bridge('w', 'box')
    for (const id of ['s1', 's2']) {
      bridge.resume(id)
      bridge.send(id, '{"id":1,"method":"waits"}')
      await executor.messages.take()
    }
    bridge.frame('s1', { kind: 'reset', reason: 'done' })
    await expect.poll(() => of('call')).toMatchObject([{ method: 'waits', outcome: 'lost' }])
    bridge.socket.close()
    await expect.poll(() => of('call').map(({ outcome }) => outcome)).toEqual(['lost', 'lost'])
  })

  it('has what it could not read, and calls whose id was used again', async () => {
    const { rig, of } = await rigWithAudit()
    await using _ = rig
    const executor = await rig.executor('w', 'box', { answer: () => undefined })
    const bridge = await rig.bridge('w', 'box')
    const stream = bridge.resume()
    bridge.send(stream, '[{"id":1,"method":"x"}]')
    bridge.send(stream, '{"id":1,"method":"first"}')
    bridge.send(stream, '{"id":1,"method":"second"}')
    for (let n = 0; n < 3; n++) await executor.messages.take()
    expect(of('call')).toMatchObject([
      { method: '', outcome: 'unread' },
      { method: 'first', outcome: 'unread' },
    ])
  })

  it('has a line for each connection when it is over', async () => {
    const { rig, of } = await rigWithAudit()
    await using _ = rig
    const executor = await rig.executor('w', 'box', { era: 'noise' })
    const bridge = await rig.bridge('w', 'box')
    await bridge.ask(bridge.resume(), 1)
    expect(of('connection')).toEqual([])
    bridge.socket.close()
    await expect.poll(() => of('connection')).toHaveLength(1)
    await executor.cut()
    await expect.poll(() => of('connection')).toHaveLength(2)
    const where = { workspaceId: 'w', environment: 'box', exeId: rig.exeId('w', 'box'), address: '127.0.0.1' }
    expect(of('connection')).toEqual([
      {
        ...{ ...measured, ...where, event: 'connection', kind: 'bridge', turnId: expect.any(String) },
        ...{ bytesUp: 42, bytesDown: 26, outcome: 'Connection lost (code 1005)' },
      },
      {
        ...{ ...measured, ...where, event: 'connection', kind: 'executor', era: 'noise' },
        ...{
          bytesUp: expect.any(Number),
          bytesDown: expect.any(Number),
          outcome: 'Connection lost (code 1006)',
        },
      },
    ])
  })

  it('has copies over HTTP', async () => {
    const { rig, of } = await rigWithAudit()
    await using _ = rig
    for (const name of ['from', 'to']) await rig.executor('w', name)
    const [source_exe_id, dest_exe_id] = [rig.exeId('w', 'from'), rig.exeId('w', 'to')]
    const body = { workspace_id: 'w', source_exe_id, dest_exe_id }
    const created = await askHttp(`${rig.url}/api/exec-gateway/relay/create`, {
      token: rig.internalSecret,
      body,
    })
    const token = String(created.json().ticket)
    const url = String(created.json().upload_url)
    await Promise.all([askHttp(url, { method: 'PUT', token, body: 'hidden' }), askHttp(url, { token })])
    expect(of('connection')).toEqual([
      {
        ...{ ...measured, event: 'connection', kind: 'copy', workspaceId: 'w' },
        ...{
          sourceExeId: source_exe_id,
          destinationExeId: dest_exe_id,
          bytesUp: 6,
          bytesDown: 6,
          outcome: 'ok',
        },
      },
    ])
  })

  it('has no token, no ticket, and nothing of what was refused', async () => {
    const { rig, lines } = await rigWithAudit()
    await using _ = rig
    const executor = await rig.executor('w', 'box')
    await askHttp(`${rig.url}/api/exec-gateway/connected`, { token: 'made-up' })
    await executor.cut()
    await expect.poll(() => lines).toHaveLength(1)
    for (const secret of [executor.address.split('/').at(-1)!, executor.options.token, 'made-up'])
      expect(JSON.stringify(lines)).not.toContain(secret)
  })
})

function data(seq: number, text: string) {
  const payload = Buffer.from(text)
  return { kind: 'data', seq, segmentIndex: 0, segmentCount: 1, payload } as const
}

describe('ids of a client', () => {
  it('are cut, whatever their length', async () => {
    const { rig, of } = await rigWithAudit()
    await using _ = rig
    await rig.executor('w', 'box')
    const bridge = await rig.bridge('w', 'box')
    const stream = bridge.resume()
    const body = { ...data(0, '{"id":1,"method":"x","params":{}}'), ids: { callId: 'x'.repeat(5000) } }
    bridge.socket.send(encodeRelayFrame({ streamId: stream, body }))
    await bridge.messages.take()
    expect(of('call')).toMatchObject([{ client: { callId: 'x'.repeat(200) } }])
  })
})

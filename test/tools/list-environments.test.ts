import { describe, expect, it } from 'vitest'
import type { EnvironmentList, NameResolver } from '../../src/environments/environment.ts'
import { ManualClock, settled } from '../support/manual-clock.ts'
import { ScriptedExecutor } from '../support/scripted-executor.ts'
import { sessionIdOf, toolsOver } from '../support/tool-calls.ts'

const clock = new ManualClock()

describe('list_environments', () => {
  it('says what is known of each, and more of those that are connected', async () => {
    const gpu = new ScriptedExecutor(clock)
    gpu.onStart = (process) => void process.exit(0).close()
    await using tools = toolsOver({ box: new ScriptedExecutor(clock), gpu }, { clock })
    await tools.call('shell', { environment_id: 'gpu', command: 'x' })
    const { text, isError } = await tools.call('list_environments')
    expect(JSON.parse(text)).toEqual([
      { name: 'box', description: 'The box', is_default: true },
      {
        name: 'gpu',
        description: 'The gpu',
        is_default: false,
        os: 'linux',
        shell: '/bin/bash',
        cwd: '/srv/app',
        round_trip_ms: 1.2,
      },
    ])
    expect(text).not.toContain('exe_')
    expect(isError).toBe(false)
  })

  it('lists sessions on demand, running and recent', async () => {
    const box = new ScriptedExecutor(clock)
    await using tools = toolsOver({ box, gpu: new ScriptedExecutor(clock) }, { clock })
    const start = async (command: string[]) =>
      sessionIdOf(await tools.call('exec_command', { command, yield_time_ms: 0 }))
    const running = await start(['make', 'all'])
    const over = await start(['true'])
    box.last.exit(3).close()
    await settled()
    const [one, other] = JSON.parse((await tools.call('list_environments', { sessions: true })).text)
    expect(one.sessions).toEqual([
      { session_id: running, command: 'make all', state: 'running' },
      { session_id: over, command: 'true', state: 'exited', exit_code: 3 },
    ])
    expect(other.sessions).toEqual([])
  })

  it('lists the command of a session as it was asked for, also where its executor needed help with it', async () => {
    const box = new ScriptedExecutor(clock, { features: { closeStdin: false, ttySize: false } })
    await using tools = toolsOver({ box }, { clock })
    await tools.call('shell', { command: 'sort', stdin: 'b\na\n', timeout_ms: 0 })
    await tools.call('exec_command', { command: ['vi', 'a'], tty: true, cols: 100, yield_time_ms: 0 })
    const [{ sessions }] = JSON.parse((await tools.call('list_environments', { sessions: true })).text)
    expect(sessions.map(({ command }: { command: string }) => command)).toEqual(['sort', 'vi a'])
  })

  it('says when an executor did not tell these itself', async () => {
    const box = new ScriptedExecutor(clock, { info: { askedShell: true } })
    box.onStart = (process) => void process.exit(0).close()
    await using tools = toolsOver({ box }, { clock })
    await tools.call('shell', { command: 'x' })
    expect(JSON.parse((await tools.call('list_environments')).text)[0].note).toMatch(/a login shell says/)
  })

  it('asks anew each time', async () => {
    const asked: unknown[] = []
    const resolver = resolverOf({ environments: [] }, asked)
    await using tools = toolsOver({}, { clock, resolver })
    await tools.call('list_environments')
    expect(asked).toEqual([true])
    expect((await tools.call('list_environments')).text).toBe('[]')
  })

  it('says what was left out', async () => {
    const notes = ['Entry 1 of the gateway was left out: it has no name']
    await using tools = toolsOver({}, { clock, resolver: resolverOf({ environments: [], notes }) })
    expect((await tools.call('list_environments')).content).toEqual([
      { type: 'text', text: '[]' },
      { type: 'text', text: '[Entry 1 of the gateway was left out: it has no name]' },
    ])
  })

  it('says when the list is the last one known', async () => {
    const environment = {
      name: 'box',
      description: '',
      isDefault: true,
      lastSeenAt: '2026-05-19T10:00:00Z',
      target: { kind: 'gateway', exeId: 'exe_1' },
    } as const
    const stale = { sinceMs: 41_000, reason: 'the gateway answered 503' }
    await using tools = toolsOver({}, { clock, resolver: resolverOf({ environments: [environment], stale }) })
    const { content } = await tools.call('list_environments')
    expect(content.map((one) => one.type === 'text' && one.text)).toEqual([
      expect.stringContaining('"last_seen": "2026-05-19T10:00:00Z"'),
      '[The list could not be refreshed and is 41 s old: the gateway answered 503]',
    ])
  })
})

function resolverOf(list: EnvironmentList, asked: unknown[] = []): NameResolver {
  return {
    list: (options) => {
      asked.push(options?.refresh)
      return Promise.resolve(list)
    },
    resolve: () => Promise.reject(new Error('not asked')),
  }
}

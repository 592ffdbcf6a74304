import { describe, expect, it } from 'vitest'
import { ManualClock, settled } from '../support/manual-clock.ts'
import { ScriptedExecutor } from '../support/scripted-executor.ts'
import { sessionIdOf, toolsOver } from '../support/tool-calls.ts'

// A client that ends a call after a minute without a sign never saw the end of a wait of 280 s, though it had given a token.
describe('a call that waits', () => {
  it.each([
    ['shell', { command: 'make', timeout_ms: 280_000 }],
    ['exec_command', { command: 'make', yield_time_ms: 30_000 }],
    ['read_output', { wait_for: 'exit', yield_time_ms: 280_000 }],
    ['write_stdin', { chars: 'x', yield_time_ms: 280_000 }],
  ])('shows a sign of life every 10 s: %s', async (name, args) => {
    const clock = new ManualClock()
    const executor = new ScriptedExecutor(clock)
    await using tools = toolsOver({ box: executor }, { clock })
    const session_id = sessionIdOf(await tools.call('exec_command', { command: 'x', yield_time_ms: 0 }))
    const signs: unknown[] = []
    const progress = (...sign: unknown[]) => void signs.push(sign)
    const { signal } = new AbortController()
    const call = tools.host.call({}, name, { session_id, ...args }, { signal, progress })
    await settled()
    for (let seconds = 0; seconds < 25; seconds++) await clock.advance(1000)
    executor.last.exit(0).close()
    await call
    expect(signs).toEqual([
      [10, undefined, 'waiting'],
      [20, undefined, 'waiting'],
    ])
    await clock.advance(20_000)
    expect(signs).toHaveLength(2)
  })
})

import { describe, expect, it } from 'vitest'
import { startExecServer } from './support/exec-server.ts'
import { connectMcp } from './support/mcp-client.ts'

describe('a machine that fails', () => {
  it('ends the calls on it soon, and disturbs no other machine', async () => {
    await using one = await startExecServer('0.169.0')
    await using two = await startExecServer('0.150.1')
    await using client = await connectMcp([`--environment=one=${one.url}`, `--environment=two=${two.url}`])
    const command = 'touch begun; sleep 300'
    const doomed = client.call('shell', { environment_id: 'one', command, timeout_ms: 60_000 })
    await expect.poll(() => one.children().length, { timeout: 5000 }).toBeGreaterThan(0)
    const before = performance.now()
    await one.kill()
    const lost = await doomed
    const next = await client.call('shell', { environment_id: 'one', command })
    const other = await client.call('shell', { environment_id: 'two', command: 'echo fine' })
    expect(performance.now() - before).toBeLessThan(10_000)
    expect(lost).toMatchObject({ isError: true, text: expect.stringMatching(/\[process_lost\]/) })
    expect(next).toMatchObject({ isError: true, text: expect.stringMatching(/^\[unavailable\]/) })
    expect(other.text).toMatch(/^fine$/m)
  })
})

describe('a process that does not read its input', () => {
  it('does not lock its machine', { timeout: 120_000 }, async () => {
    await using server = await startExecServer('0.169.0')
    await using client = await connectMcp([`--environment=one=${server.url}`])
    const { text } = await client.call('exec_command', { command: ['sleep', '300'], yield_time_ms: 0 })
    const [, session_id] = text.match(/session ID (\S+)/) ?? []
    // A stock exec-server takes about 8 MiB, and then answers nobody until somebody reads.
    const chars = 'x'.repeat(12_000_000)
    const written = await client.call('write_stdin', { session_id, chars })
    await client.call('terminate', { session_id })
    const next = await client.call('shell', { command: 'echo fine' })
    expect(written).toMatchObject({ isError: true, text: expect.stringMatching(/^\[deadline\]/) })
    expect(next.text).toMatch(/^fine$/m)
  })
})

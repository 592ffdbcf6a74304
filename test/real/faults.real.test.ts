import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { startFaultProxy } from '../support/fault-proxy.ts'
import { startExecServer } from './support/exec-server.ts'
import { connectMcp } from './support/mcp-client.ts'

describe('a machine that fails', () => {
  it('ends the calls on it as soon as it is started anew, and disturbs no other machine', async () => {
    await using one = await startExecServer('0.169.0')
    await using again = await startExecServer('0.169.0')
    await using two = await startExecServer('0.150.1')
    await using proxy = await startFaultProxy(one.url)
    await using client = await connectMcp([`--environment=one=${proxy.url}`, `--environment=two=${two.url}`])
    const command = 'touch begun; echo begun; sleep 300'
    const doomed = client.call('shell', { environment_id: 'one', command, timeout_ms: 60_000 })
    await expect.poll(() => existsSync(join(one.cwd, 'begun')), { timeout: 10_000 }).toBe(true)
    const before = performance.now()
    proxy.target = again.url
    await one.kill()
    const lost = await doomed
    const next = await client.call('shell', { environment_id: 'one', command: 'echo works' })
    const other = await client.call('shell', { environment_id: 'two', command: 'echo fine' })
    expect(performance.now() - before).toBeLessThan(10_000)
    expect(lost).toMatchObject({
      isError: true,
      text: expect.stringMatching(/\[process_lost\].*unknown session id/),
    })
    expect(lost.text).toMatch(/^begun$/m)
    expect(next.text).toMatch(/^works$/m)
    expect(other.text).toMatch(/^fine$/m)
  })

  it('holds no call for longer than it asks for, and is given up after 90 s', {
    timeout: 150_000,
  }, async () => {
    await using one = await startExecServer('0.169.0')
    await using two = await startExecServer('0.150.1')
    await using client = await connectMcp([`--environment=one=${one.url}`, `--environment=two=${two.url}`])
    const command = 'sleep 300'
    const call = (name: string, timeout_ms: number) =>
      client.call('shell', { environment_id: 'one', command: `touch ${name}; ${command}`, timeout_ms })
    const doomed = call('first', 200_000)
    const short = call('second', 10_000)
    const begun = () => ['first', 'second'].filter((name) => existsSync(join(one.cwd, name)))
    await expect.poll(begun, { timeout: 9000 }).toHaveLength(2)
    const before = performance.now()
    await one.kill()
    const other = await client.call('shell', { environment_id: 'two', command: 'echo fine' })
    expect(other.text).toMatch(/^fine$/m)
    expect((await short).text).toMatch(/^Process running with session ID/m)
    expect(performance.now() - before).toBeLessThan(12_000)
    const lost = await doomed
    expect(performance.now() - before).toBeGreaterThan(85_000)
    expect(performance.now() - before).toBeLessThan(100_000)
    expect(lost).toMatchObject({
      isError: true,
      text: expect.stringMatching(/\[process_lost\].*could not be reached for 9\d/),
    })
    const next = await client.call('shell', { environment_id: 'one', command })
    expect(next).toMatchObject({ isError: true, text: expect.stringMatching(/^\[unavailable\]/) })
  })
})

describe('a process that does not read its input', () => {
  it('does not lock its machine, and takes no other process with it', { timeout: 120_000 }, async () => {
    await using server = await startExecServer('0.169.0')
    await using client = await connectMcp([`--environment=one=${server.url}`])
    const { text } = await client.call('exec_command', { command: ['sleep', '300'], yield_time_ms: 0 })
    const [, session_id] = text.match(/session ID (\S+)/) ?? []
    const other = await client.call('exec_command', { command: ['cat'], tty: true, yield_time_ms: 0 })
    const [, innocent] = other.text.match(/session ID (\S+)/) ?? []
    // A stock exec-server takes about 8 MiB, and then answers nobody until somebody reads.
    const chars = 'x'.repeat(12_000_000)
    const written = await client.call('write_stdin', { session_id, chars })
    await client.call('terminate', { session_id })
    const next = await client.call('shell', { command: 'echo fine' })
    const echoed = await client.call('write_stdin', { session_id: innocent, chars: 'still here\n' })
    expect(written).toMatchObject({ isError: true, text: expect.stringMatching(/^\[deadline\]/) })
    expect(next.text).toMatch(/^fine$/m)
    expect(echoed.text).toMatch(/still here/)
  })
})

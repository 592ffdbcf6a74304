import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { expect, it } from 'vitest'
import { McpSession } from '../support/mcp-session.ts'
import { type RunningProgram, startProgram } from '../support/program.ts'

/** An executor on that port of loopback, and the address it prints. */
async function startExecutor(port: number): Promise<RunningProgram & { url: string }> {
  const program = startProgram(['executor', '--listen', `ws://127.0.0.1:${port}`])
  program.child.stderr.resume()
  const [url]: string[] = await once(createInterface(program.child.stdout), 'line')
  return { ...program, url: url! }
}

it('an executor that is killed takes its processes with it, each is told with its last output, and the next call works', async () => {
  await using first = await startExecutor(0)
  await using session = await McpSession.open(['--environment', `box=${first.url}`])
  // It ends with its executor: nobody else holds its input.
  const started = await session.call('exec_command', {
    command: 'echo began; read line',
    yield_time_ms: 5000,
  })
  const [, id] = /session ID (\S+)/.exec(started) ?? []
  expect(started).toContain('began\n')
  const waiting = session.call('read_output', { session_id: id, wait_for: 'exit', yield_time_ms: 60_000 })
  first.child.kill('SIGKILL')
  await first.exited
  await using _second = await startExecutor(Number(new URL(first.url).port))

  expect(await waiting).toMatch(
    /\[process_lost\] Session "box\/\w+" can no longer be reached: Lost process .* ended at \d{4}-\S+ .*its session is gone/,
  )
  expect(await session.call('read_output', { session_id: id, after_seq: 0 })).toContain('began\n')
  expect(await session.call('shell', { command: ['echo', 'works'] })).toMatch(/^works$/m)
})

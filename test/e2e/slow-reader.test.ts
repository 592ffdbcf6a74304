import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { expect, it } from 'vitest'
import { holdingsOf } from '../faults/proc.ts'
import { JsonLines, type Message } from '../support/json-lines.ts'
import { startProgram } from '../support/program.ts'
import { tempDirectory } from '../support/temp-directory.ts'

/** Each writes 4 MB, of which 1 MB is answered: far more than a pipe holds. */
const CALLS = 10
/** More than the server may hold. */
const FLOOD = 'head -c 200000000 /dev/zero; touch done'
/** It takes about 140. */
const MOST_MB = 220
const BURST = 'head -c 4000000 /dev/zero | tr "\\0" x'

it.runIf(process.platform === 'linux')(
  'a client that reads nothing and an executor that writes fast do not make the server grow',
  async () => {
    await using directory = await tempDirectory()
    await using executor = startProgram(['executor', '--listen', 'ws://127.0.0.1:0'], { cwd: directory.path })
    executor.child.stderr.resume()
    const [url] = await once(createInterface(executor.child.stdout), 'line')
    await using server = startProgram(['--environment', `box=${url}`])
    server.child.stderr.resume()
    // It reads nothing before it is told to.
    using lines = new JsonLines(server.child.stdin, server.child.stdout)
    const call = (id: number, name: string, args: object) =>
      lines.send({ id, method: 'tools/call', params: { name, arguments: args } })
    call(0, 'exec_command', { command: FLOOD, yield_time_ms: 0 })
    for (let id = 1; id <= CALLS; id++) call(id, 'shell', { command: BURST, max_output_bytes: 1_000_000 })
    await expect.poll(() => existsSync(`${directory.path}/done`), { timeout: 80_000 }).toBe(true)
    expect(holdingsOf(server.child.pid!)?.peakMb).toBeLessThan(MOST_MB)

    const answered = new Set<unknown>()
    for (let at = 0; at <= CALLS; at++) {
      const { id, result } = await lines.receive()
      expect((result as Message).isError ?? false).toBe(false)
      answered.add(id)
    }
    expect(answered.size).toBe(CALLS + 1)
    expect(holdingsOf(server.child.pid!)?.peakMb).toBeLessThan(MOST_MB)
  },
  100_000,
)

import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { BREAKS, openGatewayNetwork } from '../support/gateway-network.ts'
import { outputOf, sessionIdOf, toolsOver } from '../support/tool-calls.ts'

const LINES = 150
/** Prints a numbered line every few ms. */
const PRINT = `i=0; while [ $i -lt ${LINES} ]; do i=$((i+1)); echo line $i; sleep 0.005; done`
const PRINTED = Array.from({ length: LINES }, (_, at) => `line ${at + 1}\n`).join('')

describe.each(BREAKS)('Tools through a gateway, with breaks at the %s', (where) => {
  it('lose no line of a command that prints all the time, and show none twice', async () => {
    await using network = await openGatewayNetwork('box')
    await using tools = toolsOver({ box: await network.client('box') })
    const call = tools.call('shell', { command: ['/bin/sh', '-c', PRINT] })
    expect(await network.breakDuring(call, where, 4)).toBeGreaterThanOrEqual(1)
    const answer = await call
    expect([answer.isError, outputOf(answer)]).toEqual([false, PRINTED])
  }, 30_000)

  it('go on with a session, and write each line once', async () => {
    await using network = await openGatewayNetwork('box')
    await using tools = toolsOver({ box: await network.client('box') })
    const id = sessionIdOf(await tools.call('exec_command', { command: ['cat'], yield_time_ms: 0 }))
    const written = (async () => {
      for (let n = 0; n < 30; n++)
        await tools.call('write_stdin', { session_id: id, chars: `${n}\n`, yield_time_ms: 0 })
      await tools.call('write_stdin', { session_id: id, chars: 'end\n', close: true, yield_time_ms: 0 })
    })()
    expect(await network.breakDuring(written, where, 3)).toBeGreaterThanOrEqual(1)
    await written
    const read = { session_id: id, after_seq: 0, wait_for: 'exit', yield_time_ms: 9000 }
    const lines = outputOf(await tools.call('read_output', read)).split('\n')
    expect(lines.slice(0, 31)).toEqual([...Array.from({ length: 30 }, (_, n) => String(n)), 'end'])
  }, 30_000)

  it('finish a copy from one machine to another, whole', async () => {
    await using network = await openGatewayNetwork('a', 'b')
    await using tools = toolsOver({ a: await network.client('a'), b: await network.client('b') })
    const bytes = randomBytes(4 * 1024 * 1024)
    await writeFile(network.path('a', 'from'), bytes)
    const copied = tools.call('copy_path', {
      ...{ source_environment_id: 'a', source_path: network.path('a', 'from') },
      ...{ destination_environment_id: 'b', destination_path: network.path('b', 'to') },
    })
    expect(await network.breakDuring(copied, where, 2)).toBeGreaterThanOrEqual(1)
    const answer = await copied
    expect([answer.isError, answer.text]).toEqual([false, expect.stringContaining('sha256')])
    expect((await readFile(network.path('b', 'to'))).equals(bytes)).toBe(true)
  }, 30_000)
})

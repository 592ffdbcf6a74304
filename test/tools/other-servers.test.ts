import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BridgeClient } from '../../src/bridge/client.ts'
import { serveExecutor } from '../../src/executor/serve.ts'
import { Sessions } from '../../src/executor/sessions.ts'
import { Spool } from '../../src/executor/spool.ts'
import { memoryPair } from '../../src/rpc/memory.ts'
import { BridgeError } from '../../src/util/errors.ts'
import { type TempDirectory, tempDirectory } from '../support/temp-directory.ts'
import { outputOf, sessionIdOf, type ToolCalls, toolsOver } from '../support/tool-calls.ts'

let directory: TempDirectory
let sessions: Sessions

beforeEach(async () => {
  directory = await tempDirectory()
  const spool = new Spool({ directory: join(directory.path, 'spool') })
  sessions = new Sessions({ cwd: directory.path, shared: { retainMs: 60_000, spool } })
})
afterEach(async () => {
  await sessions[Symbol.asyncDispose]()
  await directory[Symbol.asyncDispose]()
})

/** An env-mcp of its own, with a connection of its own to the machine "box". */
async function server(): Promise<ToolCalls & { end(): Promise<void> }> {
  const [ours, theirs] = memoryPair()
  serveExecutor(theirs, sessions)
  const box = await BridgeClient.open(ours, { name: 'box' })
  const tools = toolsOver({ box })
  const end = async () => {
    await tools[Symbol.asyncDispose]()
    await box.close(new BridgeError('unavailable', 'The server has ended'))
  }
  return { ...tools, end, [Symbol.asyncDispose]: end }
}

/** A server whose connection to the machine is lost for good at some time, and made anew. */
async function serverThatLoses() {
  const connect = async () => {
    const [ours, theirs] = memoryPair()
    serveExecutor(theirs, sessions)
    return BridgeClient.open(ours, { name: 'box' })
  }
  const machines = { box: await connect() }
  const tools = toolsOver(machines)
  const end = () => machines.box.close(new BridgeError('unavailable', 'Away for too long'))
  return {
    ...tools,
    lose: end,
    async comeBack() {
      machines.box = await connect()
    },
    async [Symbol.asyncDispose]() {
      await tools[Symbol.asyncDispose]()
      await end()
    },
  }
}

describe('a session that its own server has lost', () => {
  const begin = async (one: ToolCalls, command: string) => {
    const session_id = sessionIdOf(await one.call('exec_command', { command, yield_time_ms: 0 }))
    await one.call('read_output', { session_id, wait_for: 'ready', yield_time_ms: 5000 })
    return session_id
  }

  it('is taken up where it was, once the machine is there again', async () => {
    await using one = await serverThatLoses()
    const session_id = await begin(one, 'echo ready; while read -r line; do echo "got $line"; done')
    await one.lose()
    expect((await one.call('read_output', { session_id })).text).toContain('[process_lost]')
    await one.comeBack()
    await one.call('write_stdin', { session_id, chars: 'again\n', yield_time_ms: 0 })
    const read = { session_id, wait_for: 'got again', yield_time_ms: 5000 }
    expect(outputOf(await one.call('read_output', read))).toBe('got again\n')
    expect(outputOf(await one.call('read_output', { ...read, after_seq: 0 }))).toMatch(/^ready\ngot again\n/)
    expect((await one.call('terminate', { session_id, signal: 'KILL' })).isError).toBe(false)
  })

  it('stays lost, with what it wrote, when the machine has not kept it', async () => {
    await using one = await serverThatLoses()
    const session_id = await begin(one, 'echo ready; read -r line')
    await one.lose()
    await sessions[Symbol.asyncDispose]()
    await one.comeBack()
    const { text, isError } = await one.call('read_output', { session_id, after_seq: 0 })
    expect([isError, text]).toEqual([true, expect.stringMatching(/\[process_lost\](.|\n)*ready/)])
  })
})

describe('a session of another server on the same machine', () => {
  it('is read, written to and ended, while its own server goes on with it', async () => {
    await using one = await server()
    await using other = await server()
    const command = 'echo ready; while read -r line; do echo "got $line"; done'
    const id = sessionIdOf(await one.call('exec_command', { command, yield_time_ms: 0 }))
    const ready = { session_id: id, wait_for: 'ready', yield_time_ms: 5000 }
    for (const server of [one, other])
      expect(outputOf(await server.call('read_output', ready))).toBe('ready\n')
    await other.call('write_stdin', { session_id: id, chars: 'from the other\n', yield_time_ms: 0 })
    const read = { session_id: id, wait_for: 'got', yield_time_ms: 5000 }
    expect(outputOf(await one.call('read_output', read))).toBe('got from the other\n')
    expect(outputOf(await other.call('read_output', read))).toBe('got from the other\n')
    expect((await other.call('terminate', { session_id: id })).text).toContain('It ended after an interrupt')
    const rest = await one.call('read_output', { session_id: id, wait_for: 'exit', yield_time_ms: 5000 })
    expect(rest.text).toContain('exited with code 130')
  })

  // It showed the end of what had been fetched so far, of a process that had long ended: "Process running".
  it('is known up to its end before it is first read', async () => {
    const one = await server()
    const command = 'seq 1 2000000; exit 7'
    const id = sessionIdOf(await one.call('exec_command', { command, yield_time_ms: 0 }))
    await one.call('read_output', { session_id: id, wait_for: 'exit', yield_time_ms: 20_000 })
    await one.end()
    await using other = await server()
    const { text } = await other.call('read_output', { session_id: id, tail_lines: 1, yield_time_ms: 0 })
    expect(text).toContain('Process exited with code 7')
    expect(text).toContain('\n2000000\n')
  })

  it('is there when its server is gone, from its first line, and when it is over', async () => {
    const one = await server()
    const id = sessionIdOf(
      await one.call('exec_command', {
        command: 'echo first; read -r line; seq 1 300000; exit 7',
        yield_time_ms: 0,
      }),
    )
    await one.end()
    const other = await server()
    await other.call('write_stdin', { session_id: id, chars: 'go\n', yield_time_ms: 0 })
    const exit = { session_id: id, wait_for: 'exit', yield_time_ms: 8000, tail_lines: 1 }
    expect((await other.call('read_output', exit)).text).toContain('300000')
    await other.end()
    await using last = await server()
    const answer = await last.call('read_output', { ...exit, tail_lines: undefined, max_output_bytes: 1000 })
    expect(answer.text).toContain('exited with code 7')
    expect(outputOf(answer)).toMatch(/^first\n1\n2\n3\n/)
  })

  it('is listed, those that run first', async () => {
    await using one = await server()
    await one.call('shell', { command: 'echo over; exit 3' })
    const id = sessionIdOf(await one.call('exec_command', { command: 'sleep 1000', yield_time_ms: 0 }))
    await using other = await server()
    const { text } = await other.call('list_environments', { sessions: true })
    expect(JSON.parse(text)).toMatchObject([
      {
        name: 'box',
        cwd: directory.path,
        sessions: [
          { session_id: id, command: 'sleep 1000', state: 'running', output_bytes: 0 },
          { command: 'echo over; exit 3', state: 'exited', exit_code: 3, output_bytes: 5 },
        ],
      },
    ])
    await other.call('terminate', { session_id: id, signal: 'KILL' })
  })

  it('is asked for once by calls that ask together', async () => {
    await using one = await server()
    const id = sessionIdOf(
      await one.call('exec_command', { command: 'echo x; sleep 1000', yield_time_ms: 500 }),
    )
    await using other = await server()
    const read = { session_id: [id, id], yield_time_ms: 5000 }
    expect((await other.call('read_output', read)).isError).toBe(false)
    await other.call('terminate', { session_id: id, signal: 'KILL' })
  })

  it('is told from one that is not there, and from an environment that is not', async () => {
    await using one = await server()
    const text = async (session_id: string) => (await one.call('read_output', { session_id })).text
    expect(await text('box/nobody')).toMatch(
      /^\[not_found\] No session "box\/nobody": .*"box" does not know it, or no longer/,
    )
    expect(await text('bix/nobody')).toMatch(
      /^\[not_found\] No session "bix\/nobody": .*; No environment "bix"/,
    )
    expect(await text('nobody')).toMatch(/^\[not_found\] No session "nobody": none has been started here/)
  })
})

describe('A session of another server, on an executor that does not share sessions', () => {
  beforeEach(async () => {
    await sessions[Symbol.asyncDispose]()
    sessions = new Sessions({ cwd: directory.path })
  })

  it('is out of reach, and the answer says why and what to do', async () => {
    await using one = await server()
    await using other = await server()
    const id = sessionIdOf(await one.call('exec_command', { command: 'sleep 1000', yield_time_ms: 0 }))
    for (const tool of ['read_output', 'write_stdin', 'terminate']) {
      const { text, isError } = await other.call(tool, { session_id: id })
      expect(isError).toBe(true)
      expect(text).toMatch(
        /^\[not_found\] No session .*the executor of "box" does not share sessions: ask that thread, or start the command anew/m,
      )
    }
    await one.call('terminate', { session_id: id, signal: 'KILL' })
  })

  it('is not listed, and the list says so', async () => {
    await using one = await server()
    const id = sessionIdOf(await one.call('exec_command', { command: 'sleep 1000', yield_time_ms: 0 }))
    const { text } = await one.call('list_environments', { sessions: true })
    expect(JSON.parse(text)).toMatchObject([
      {
        sessions: [{ session_id: id, command: 'sleep 1000', state: 'running' }],
        sessions_note: 'only those of this server: its executor does not share sessions',
      },
    ])
    await one.call('terminate', { session_id: id, signal: 'KILL' })
  })
})

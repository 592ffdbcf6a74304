import { describe, expect, it } from 'vitest'
import { CODEX_VERSIONS, type CodexVersion } from './support/codex.ts'
import { useMachines } from './support/machines.ts'

const machines = useMachines()

/** From 0.140 on an exec-server can interrupt a process; before it can only kill. */
const INTERRUPTS: readonly CodexVersion[] = ['0.169.0', '0.150.1', '0.142.5']

describe.each(CODEX_VERSIONS)('sessions on codex exec-server %s', (version) => {
  it('take input and give output over pipes', async () => {
    const command = 'while read -r x; do echo "got $x"; done'
    const { read, write, terminate } = await start(version, { command })
    await write('one\n')
    await read({ wait_for: 'got one' })
    await write('zwölf\n')
    const { text } = await read({ wait_for: 'got zwölf' })
    expect(text).toMatch(/^got one\ngot zwölf$/m)
    await terminate()
  })

  it('cannot end their input over pipes, and say what to do instead', async () => {
    const { write, terminate } = await start(version, { command: ['cat'] })
    const { text, isError } = await write('', { close: true })
    expect(isError).toBe(true)
    expect(text).toMatch(/^\[conflict\] .*(tty|stdin)/)
    await terminate()
  })

  it('run on a terminal of the size asked for', async () => {
    const command = 'stty size; read -r x; echo "got $x"'
    const { read, write } = await start(version, { command, tty: true, cols: 100, rows: 30 })
    const { text } = await read({ wait_for: '\\d+ \\d+' })
    await write('hi\n')
    const end = await read({ wait_for: 'exit' })
    expect(text).toMatch(/^30 100$/m)
    expect(end.text).toMatch(/^got hi$/m)
    expect(end.text).toMatch(/^Process exited with code 0$/m)
  })

  it('end their input on a terminal with ^D', async () => {
    const { read, write } = await start(version, { command: 'echo on; cat; echo over', tty: true })
    await read({ wait_for: 'on' })
    await write('', { close: true })
    const { text } = await read({ wait_for: 'exit' })
    expect(text).toMatch(/over$/m)
    expect(text).toMatch(/^Process exited with code 0$/m)
  })

  it('are not begun when the command is over in time', async () => {
    const args = { command: 'echo short; exit 4', yield_time_ms: 20_000 }
    const { text, isError } = await machines.machine(version).call('exec_command', args)
    expect(text).toMatch(/^Process exited with code 4$/m)
    expect(text).toMatch(/^short$/m)
    expect(isError).toBe(true)
  })

  it('are read until a pattern comes, by their last lines, and by a pattern of lines', async () => {
    const command = 'seq 1 100; read -r x; seq 101 200; read -r x'
    const { read, write, terminate } = await start(version, { command })
    await write('\n')
    const found = await read({ wait_for: '^200$' })
    const tail = await read({ tail_lines: 2, yield_time_ms: 0 })
    const grep = await read({ grep: '^1.7$', yield_time_ms: 0 })
    expect(found.text).toMatch(/^200$/m)
    expect(numbers(tail.text)).toEqual([199, 200])
    expect(numbers(grep.text)).toEqual([107, 117, 127, 137, 147, 157, 167, 177, 187, 197])
    await terminate()
  })

  it('can be read again when they are over', async () => {
    const { read, write } = await start(version, { command: 'echo early; read -r x; echo late' })
    await write('\n')
    await read({ wait_for: 'exit' })
    const again = await read({})
    expect(again.text).toMatch(/^early\nlate$/m)
    expect(again.text).toMatch(/^Process exited with code 0$/m)
  })

  it('are interrupted where the executor can, and killed elsewhere', async () => {
    const command = 'trap "echo caught; exit 5" INT; echo ready; while :; do sleep 0.05; done'
    const { read, terminate } = await start(version, { command })
    await read({ wait_for: 'ready' })
    const { text } = await terminate()
    if (INTERRUPTS.includes(version)) expect(text).toMatch(/^caught$/m)
    else expect(text).not.toMatch('caught')
  })

  it('that ignore an interrupt are killed with all their children', async () => {
    const box = machines.machine(version)
    const before = new Set(box.children())
    const added = () => box.children().filter((pid) => !before.has(pid))
    const command = 'trap "" INT; sleep 300 & echo ready; sleep 300; :'
    const { read, terminate } = await start(version, { command })
    await read({ wait_for: 'ready' })
    expect(added().length).toBeGreaterThan(1)
    await terminate()
    await expect.poll(added, { timeout: 5000 }).toEqual([])
  })

  it('refuse a signal that the executor has not, and say which it has', async () => {
    const { terminate } = await start(version, { command: ['sleep', '300'] })
    const { text, isError } = await terminate({ signal: 'TERM' })
    expect(isError).toBe(true)
    expect(text).toMatch(/TERM.*KILL/)
    expect(text.includes('INT')).toBe(INTERRUPTS.includes(version))
    const killed = await terminate({ signal: 'KILL' })
    expect(killed.isError).toBe(false)
  })
})

/** Starts a command that does not end by itself; `read` reads from its beginning. */
async function start(version: CodexVersion, args: Record<string, unknown>) {
  const { text } = await machines.machine(version).call('exec_command', { yield_time_ms: 0, ...args })
  const [, session_id] = text.match(/^Process running with session ID (\S+)/m) ?? []
  if (!session_id) throw new Error(`No session was started: ${text}`)
  return {
    write: (chars: string, more = {}) => machines.client.call('write_stdin', { session_id, chars, ...more }),
    read: (more: object) =>
      machines.client.call('read_output', { session_id, after_seq: 0, yield_time_ms: 20_000, ...more }),
    terminate: (more = {}) => machines.client.call('terminate', { session_id, ...more }),
  }
}

function numbers(text: string): number[] {
  return (text.match(/^\d+$/gm) ?? []).map(Number)
}

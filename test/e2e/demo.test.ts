import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { killMarked, MARK, markedProcesses } from '../support/marked-processes.ts'
import { McpSession } from '../support/mcp-session.ts'
import { printedBlock } from '../support/printed-block.ts'
import { runProgram, startProgram } from '../support/program.ts'
import { tempDirectory } from '../support/temp-directory.ts'

describe('env-mcp demo', () => {
  it('tells a story that goes through a gateway, and ends with a block that works; nothing of it is left', async () => {
    await using directory = await tempDirectory()
    const env = { TMPDIR: directory.path }
    const { code, stdout, stderr } = await runProgram(['demo'], { cwd: directory.path, env })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(await readdir(directory.path)).toEqual([])
    const steps = [...stdout.matchAll(/^✓ (.*?)(?: {2}|$| [a-z_]+=)/gm)].map(([, step]) => step?.trim())
    expect(steps).toEqual([
      'A gateway is listening',
      'An executor has dialled in',
      'An executor has dialled in',
      'A server runs as a child, as an agent starts it',
      'list_environments',
      ...['shell', 'shell', 'apply_patch', 'exec_command', 'read_output', 'copy_path'],
      'All of it verified',
    ])

    const block = printedBlock(stdout)
    expect(block.command).toBe(process.execPath)
    expect(block.args).toEqual([`${process.cwd()}/dist/bin.js`])
    await using agent = await McpSession.open(block.args.slice(1), { cwd: directory.path })
    expect(await agent.call('shell', { command: ['pwd'] })).toContain(directory.path)
  }, 60_000)

  it.each([
    ['at its first line', 'env-mcp: one agent'],
    ['while machines join', 'A gateway is listening'],
    ['while the agent is started', /dialled in.*\n.*dialled in/],
    ['while a tool is called', 'list_environments'],
    ['while a command runs', 'exec_command'],
    ['after the last step', 'All of it verified'],
  ])('leaves nothing, and says nothing wrong, when Ctrl-C comes %s', async (_, moment) => {
    await using demo = await startDemo()
    await demo.printed(moment)
    demo.interrupt()
    expect(await demo.exited).toBe(130)
    expect(demo.processes()).toEqual([])
    expect(await demo.files()).toEqual([])
    expect(demo.output()).toMatch(/\nInterrupted: /)
    expect(demo.output()).not.toMatch(/✗|failed/)
    expect(demo.complaints()).toBe('')
  })

  it('leaves nothing at SIGTERM either', async () => {
    await using demo = await startDemo()
    await demo.printed('A gateway is listening')
    process.kill(demo.pid, 'SIGTERM')
    expect(await demo.exited).toBe(143)
    expect(demo.processes()).toEqual([])
    expect(await demo.files()).toEqual([])
  })

  it('leaves nothing, and says nothing, when nobody reads it any more', async () => {
    await using demo = await startDemo()
    await demo.printed('A gateway is listening')
    demo.stopReading()
    expect(await demo.exited).toBe(141)
    expect(demo.processes()).toEqual([])
    expect(await demo.files()).toEqual([])
    expect(demo.complaints()).toBe('')
  })

  it('ends at once at a second Ctrl-C, though a part of it does not end', async () => {
    await using demo = await startDemo()
    await demo.printed('A server runs as a child')
    for (const pid of demo.processes()) if (pid !== demo.pid) process.kill(pid, 'SIGSTOP')
    demo.interrupt()
    await demo.printed('Interrupted: ')
    demo.interrupt()
    // Its streams are still held by the part.
    expect(await demo.endedBy).toBe('SIGINT')
  })
})

/** The demo as at a terminal, with files of its own. Disposing kills whatever it left. */
async function startDemo() {
  const directory = await tempDirectory()
  const mark = `demo ${directory.path}`
  const program = startProgram(['demo'], { env: { TMPDIR: directory.path, [MARK]: mark }, detached: true })
  const { child, exited } = program
  const stdout = collect(child.stdout)
  const stderr = collect(child.stderr)
  return {
    pid: child.pid!,
    exited,
    endedBy: once(child, 'exit').then(([, signal]) => signal),
    output: stdout,
    complaints: stderr,
    printed: (what: string | RegExp) => expect.poll(stdout, { interval: 1 }).toMatch(what),
    /** Ctrl-C at the terminal. */
    interrupt: () => process.kill(-child.pid!, 'SIGINT'),
    stopReading: () => void child.stdout.destroy(),
    processes: () => markedProcesses(mark),
    files: () => readdir(directory.path),
    async [Symbol.asyncDispose]() {
      killMarked(mark)
      await program[Symbol.asyncDispose]()
      await directory[Symbol.asyncDispose]()
    },
  }
}

function collect(stream: Readable): () => string {
  let text = ''
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  return () => text
}

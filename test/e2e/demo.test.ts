import { readdir } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { describe, expect, it } from 'vitest'
import { MARK, markedProcesses } from '../support/marked-processes.ts'
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

  it('leaves nothing when it is interrupted', async () => {
    await using directory = await tempDirectory()
    const mark = `demo ${directory.path}`
    await using demo = startProgram(['demo'], { env: { TMPDIR: directory.path, [MARK]: mark } })
    demo.child.stderr.resume()
    const lines = createInterface(demo.child.stdout)
    for await (const line of lines) if (line.includes('An executor has dialled in')) break
    demo.child.stdout.resume()
    demo.child.kill('SIGINT')
    expect(await demo.exited).toBe(130)
    await expect.poll(() => markedProcesses(mark), { timeout: 15_000 }).toEqual([])
    expect(await readdir(directory.path)).toEqual([])
  }, 60_000)
})

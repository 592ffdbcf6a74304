import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { killMarked, MARK, markedProcesses } from '../support/marked-processes.ts'
import { McpSession } from '../support/mcp-session.ts'
import { printedBlock } from '../support/printed-block.ts'
import { runProgram, startProgram } from '../support/program.ts'
import { tempDirectory } from '../support/temp-directory.ts'

const MACHINE = 'this-one'

/** `env-mcp up` on a free port, with what it has printed so far. Disposing ends it and whatever it left. */
async function startUp(directory: string, ...flags: string[]) {
  const state = join(directory, 'state')
  const mark = `up ${directory}`
  const all = ['up', '--listen', '127.0.0.1:0', '--state', state, '--name', MACHINE, ...flags]
  const program = startProgram(all, { cwd: directory, env: { [MARK]: mark } })
  let printed = ''
  let complaints = ''
  program.child.stdout.setEncoding('utf8').on('data', (text) => {
    printed += text
  })
  program.child.stderr.setEncoding('utf8').on('data', (text) => {
    complaints += text
  })
  const up = {
    state,
    printed: () => printed,
    complaints: () => complaints,
    /** Everything that it started, itself too. */
    processes: () => markedProcesses(mark),
    printedLine: (pattern: RegExp) => expect.poll(up.printed, { timeout: 15_000 }).toMatch(pattern),
    pid: program.child.pid,
    kill: (signal: NodeJS.Signals) => program.child.kill(signal),
    exited: program.exited,
    async [Symbol.asyncDispose]() {
      await program[Symbol.asyncDispose]()
      killMarked(mark)
    },
  }
  return up
}

/** What another machine has, on this one: an `ssh -o OPTION -R ADDRESS HOST COMMAND` that runs the command here, and `env-mcp`. */
async function commandsOf(directory: string): Promise<string> {
  const bin = join(directory, 'bin')
  await mkdir(bin)
  const program = `'${process.execPath}' '${process.cwd()}/dist/bin.js'`
  await writeFile(join(bin, 'ssh'), '#!/bin/sh\nexec /bin/sh -c "$6"\n', { mode: 0o755 })
  await writeFile(join(bin, 'env-mcp'), `#!/bin/sh\nexec ${program} "$@"\n`, { mode: 0o755 })
  return bin
}

describe('env-mcp up', () => {
  it('has this machine used by a server that is started as its block says', async () => {
    await using directory = await tempDirectory()
    await using up = await startUp(directory.path)
    await up.printedLine(new RegExp(`"${MACHINE}" is connected, from 127\\.0\\.0\\.1`))
    const { command, args } = printedBlock(up.printed())
    expect([command, args[0]]).toEqual([process.execPath, `${process.cwd()}/dist/bin.js`])
    const secrets = args.filter((arg) => /^[\w-]+\.[\w-]{43}$/.test(arg))
    expect(secrets).toEqual([])

    await using agent = await McpSession.open(args.slice(1))
    expect(JSON.parse(await agent.call('list_environments'))).toMatchObject([
      { name: MACHINE, is_default: true },
    ])
    expect(await agent.call('shell', { command: ['pwd'] })).toContain(directory.path)
    for (const name of await readdir(up.state))
      expect([name, (await stat(join(up.state, name))).mode & 0o777]).toEqual([name, 0o600])
    expect(up.complaints()).toBe('')
  }, 60_000)

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'ends with 0 on %s, and all that runs on this machine through it',
    async (signal) => {
      await using directory = await tempDirectory()
      await using up = await startUp(directory.path)
      await up.printedLine(/" is connected, from/)
      await using agent = await McpSession.open(printedBlock(up.printed()).args.slice(1))
      await agent.call('exec_command', { command: ['sleep', '1000'], yield_time_ms: 0 })
      expect(up.processes().length).toBeGreaterThanOrEqual(3)
      up.kill(signal)
      expect(await up.exited).toBe(0)
      expect(up.processes()).toEqual([])
      expect(up.printed()).toMatch(/\n\nEnded\n$/)
      expect(up.complaints()).toBe('')
    },
    60_000,
  )

  it('leaves nothing when it is killed', async () => {
    await using directory = await tempDirectory()
    await using up = await startUp(directory.path)
    await up.printedLine(/" is connected, from/)
    up.kill('SIGKILL')
    await expect.poll(up.processes, { timeout: 15_000 }).toEqual([])
  }, 60_000)

  it('starts the executor of this machine again when it dies, and says so', async () => {
    await using directory = await tempDirectory()
    await using up = await startUp(directory.path)
    await up.printedLine(/" is connected, from/)
    for (const pid of up.processes()) if (pid !== up.pid) process.kill(pid, 'SIGKILL')
    await up.printedLine(/ The executor of this machine has ended \(SIGKILL\): it is started again now\n/)
    // It may be back before anybody looks: then no line says that it was gone.
    await using agent = await McpSession.open(printedBlock(up.printed()).args.slice(1))
    const pwd = () => agent.call('shell', { command: ['pwd'] })
    await expect.poll(pwd, { timeout: 15_000 }).toContain(directory.path)
  }, 60_000)

  it('says who joins and who goes, and joins another machine by one line', async () => {
    await using directory = await tempDirectory()
    await using up = await startUp(directory.path)
    await up.printedLine(/" is connected, from/)
    const [, line = ''] = /^(.* gateway token join .* exec env-mcp executor .*)$/m.exec(up.printed()) ?? []
    const mark = `joined ${directory.path}`
    const env = {
      ...process.env,
      PATH: `${await commandsOf(directory.path)}:${process.env.PATH}`,
      [MARK]: mark,
    }
    const shell = spawn('/bin/sh', ['-c', line.replaceAll('HOST', 'gpu-box')], { cwd: directory.path, env })
    const ended = once(shell, 'exit')
    await using _ = {
      async [Symbol.asyncDispose]() {
        killMarked(mark)
        await ended
      },
    }
    await up.printedLine(/^\d\d:\d\d:\d\d {2}"gpu-box" is connected, from 127\.0\.0\.1$/m)
    // The token went through the pipe alone, into a file of the user's.
    expect((await stat(join(directory.path, '.env-mcp-token'))).mode & 0o777).toBe(0o600)
    killMarked(mark)
    await up.printedLine(/^\d\d:\d\d:\d\d {2}"gpu-box" is gone$/m)
  }, 60_000)

  it('says in one line what to do when its port is taken', async () => {
    await using directory = await tempDirectory()
    await using up = await startUp(directory.path)
    await up.printedLine(/A gateway is listening/)
    const [, address = ''] = /listening {2}http:\/\/(\S+)/.exec(up.printed()) ?? []
    const next = Number(address.split(':')[1]) + 1
    const second = await runProgram(['up', '--listen', address, '--state', join(directory.path, 'other')])
    expect(second).toEqual({
      code: 1,
      stdout: '',
      stderr: `env-mcp: [conflict] Cannot listen on ${address}: the port is taken, perhaps by another "env-mcp up" or "env-mcp gateway": end that one, or give another port with "--listen 127.0.0.1:${next}"\n`,
    })
  }, 60_000)
})

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LocalExecutor } from '../../src/executor/local.ts'
import type { StartRequest } from '../../src/protocol/executor.ts'
import { StartedProcess } from '../contract/executor/started-process.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { type TempDirectory, tempDirectory } from '../support/temp-directory.ts'

let clock: ManualClock
let executor: LocalExecutor
let directory: TempDirectory

const at = (name: string) => join(directory.path, name)

beforeEach(async () => {
  directory = await tempDirectory()
  clock = new ManualClock()
  executor = new LocalExecutor({ clock, hiddenVariables: ['OUR_TOKEN'] })
})
afterEach(async () => {
  vi.unstubAllEnvs()
  const over = executor[Symbol.asyncDispose]()
  await clock.advance(1000)
  await over
  await directory[Symbol.asyncDispose]()
})

async function sh(
  script: string,
  options: Partial<StartRequest> = {},
  processId = 'p',
): Promise<StartedProcess> {
  const argv = ['/bin/sh', '-c', script]
  const defaults = { processId, argv, cwd: directory.path, env: {}, tty: false, pipeStdin: false }
  await executor.start({ ...defaults, ...options })
  return new StartedProcess(executor, processId)
}

const see = (name: string) => expect.poll(() => existsSync(at(name))).toBe(true)

describe('LocalExecutor', () => {
  it('tells of this machine', () => {
    expect(executor.info).toMatchObject({
      os: process.platform === 'darwin' ? 'macos' : process.platform,
      cwd: process.cwd(),
      askedShell: false,
    })
    expect(new LocalExecutor({ cwd: '/tmp/..' }).info.cwd).toBe('/')
  })

  it('takes the shell of the user, and not one that only says no', () => {
    for (const [shell, path] of [
      ['/bin/sh', '/bin/sh'],
      ['/usr/sbin/nologin', expect.not.stringContaining('nologin')],
      ['/no/such/shell', expect.not.stringContaining('no/such')],
      ['sh', expect.stringMatching(/^\//)],
    ] as const) {
      vi.stubEnv('SHELL', shell)
      expect(new LocalExecutor().info.shell.path).toEqual(path)
    }
  })

  it('keeps our own secrets from children, unless the call gives them', async () => {
    vi.stubEnv('OUR_TOKEN', 'secret')
    vi.stubEnv('OTHER', 'other')
    expect((await (await sh('echo "$OUR_TOKEN|$OTHER"')).end()).output).toBe('|other\n')
    const env = { OUR_TOKEN: 'given' }
    expect((await (await sh('echo "$OUR_TOKEN"', { env }, 'q')).end()).output).toBe('given\n')
  })

  // A child of Node has sockets, which cannot be opened by name: "/dev/stderr: No such device or address".
  it('lets children open their outputs by name', async () => {
    const { output, exitCode } = await (
      await sh('echo a >/dev/stdout; echo b >/dev/stderr; echo c | tee /dev/stderr')
    ).end()
    expect(exitCode).toBe(0)
    expect(output.split('\n').sort()).toEqual(['', 'a', 'b', 'c', 'c'])
  })

  it('does without real pipes where they cannot be made', async () => {
    vi.stubEnv('PATH', '/nowhere')
    const process = await sh('read -r line; echo "$line"; echo err >&2; exit 3', { pipeStdin: true })
    await executor.write('p', Buffer.from('in\n'))
    const { output, exitCode } = await process.end()
    expect(output.split('\n').sort()).toEqual(['', 'err', 'in'])
    expect(exitCode).toBe(3)
  })

  it('holds a process back whose output nobody reads, and loses nothing', async () => {
    const process = await sh('seq 1 1000000; : >done')
    await expect.poll(() => executor.child('p')?.output.size).toBeGreaterThan(1024 * 1024)
    expect(existsSync(at('done'))).toBe(false)
    const { bytes, droppedBytes } = await process.end()
    expect(droppedBytes).toBe(0)
    expect(bytes.length).toBe(6_888_896)
    await see('done')
  })

  it('holds back also what children write after the exit', async () => {
    const process = await sh('{ seq 1 1000000; : >done; } & exit 3')
    await process.readUntil(({ exited }) => exited)
    await expect.poll(() => executor.child('p')?.output.size).toBeGreaterThan(1024 * 1024)
    expect(existsSync(at('done'))).toBe(false)
    const { bytes, droppedBytes } = await process.end()
    expect([bytes.length, droppedBytes]).toEqual([6_888_896, 0])
  })

  it('keeps 1 MiB of what was read, for a reader who comes back', async () => {
    const process = await sh('seq 1 1000000')
    await process.end()
    const { chunks } = await executor.read('p', { afterSeq: 0, waitMs: 0 })
    const kept = Buffer.concat(chunks.map(({ bytes }) => bytes))
    expect(kept.length).toBeGreaterThan(1024 * 1024)
    expect(kept.toString().endsWith('\n1000000\n')).toBe(true)
  })

  it('remembers a process for 30 s after its end', async () => {
    await (await sh('exit 3')).end()
    await clock.advance(29_999)
    expect(await executor.read('p', { afterSeq: 0, waitMs: 0 })).toMatchObject({ exitCode: 3, closed: true })
    await clock.advance(1)
    await expect(executor.read('p', { afterSeq: 0, waitMs: 0 })).rejects.toMatchObject({ code: 'not_found' })
    expect(clock.pending).toBe(0)
  })

  it('remembers no more than 128 that are over', async () => {
    for (let n = 0; n < 130; n++) await (await sh('exit', {}, `${n}`)).end()
    const isKnown = (n: number) => executor.child(`${n}`) !== undefined
    expect([0, 1, 2, 129].map(isKnown)).toEqual([false, false, true, true])
    // A client whose answer was lost asks again, and must not get another process.
    await expect(sh('exit', {}, '0')).rejects.toMatchObject({ code: 'conflict' })
  })

  it('ends a read of a process that is forgotten, and drops what that writes on', async () => {
    const process = await sh('read -r line; seq 1 1000000; : >done', { pipeStdin: true })
    const reading = expect(process.read(60_000)).rejects.toMatchObject({ code: 'not_found' })
    await executor.write('p', Buffer.from('\n'))
    executor.forget('p')
    await reading
    // It is not held back by what nobody will read.
    await see('done')
  })

  it('kills what is left of the group when the process itself is over', async () => {
    const process = await sh('sleep 1000 & exit 3')
    await process.readUntil(({ exited }) => exited)
    expect(await executor.terminate('p')).toBe(false)
    // It held the output; the clock stands still, so nobody took that from it.
    await process.end()
  })

  it('waits 300 ms for those beyond the group to let go of the output of a killed process', async () => {
    const process = await sh("setsid sh -c 'echo $$; sleep 1000; exit' & wait")
    await process.says('\n')
    await executor.terminate('p')
    await process.readUntil(({ exited }) => exited)
    await clock.advance(299)
    expect(await process.read(0)).toMatchObject({ closed: false })
    await clock.advance(1)
    await process.end()
    globalThis.process.kill(-Number(process.output), 'SIGKILL')
  })

  it('leaves no pipe of its own open', async () => {
    const pipes = () =>
      globalThis.process.getActiveResourcesInfo().filter((kind) => kind === 'PipeWrap').length
    const before = pipes()
    for (const n of [1, 2, 3])
      await (await sh('cat', { pipeStdin: n > 1 }, `${n}`)).executor.terminate(`${n}`)
    for (const n of [1, 2, 3]) await new StartedProcess(executor, `${n}`).end()
    await expect.poll(pipes).toBe(before)
  })
})

describe('LocalExecutor, disposed', () => {
  it('kills everything, also what was forgotten and what is only starting', async () => {
    await using other = await tempDirectory()
    const closing = new LocalExecutor()
    const request = { argv: ['sleep', '1000'], cwd: other.path, env: {}, tty: false, pipeStdin: false }
    await closing.start({ ...request, processId: 'runs' })
    await closing.start({ ...request, processId: 'forgotten' })
    closing.forget('forgotten')
    const starting = closing.start({ ...request, processId: 'starts' }).catch((error: unknown) => error)
    const reading = closing.read('runs', { afterSeq: 0, waitMs: 60_000 })
    await closing[Symbol.asyncDispose]()
    expect(await reading).toMatchObject({ exited: true, exitCode: 137 })
    expect([undefined, 'unavailable']).toContain(((await starting) as { code: string } | undefined)?.code)
    await expect(closing.start({ ...request, processId: 'late' })).rejects.toMatchObject({
      code: 'unavailable',
    })
    expect(closing.child('runs')).toBeUndefined()
  })
})

describe('files of LocalExecutor', () => {
  it('do not make all of Node wait for a pipe that nobody writes to', async () => {
    await (await sh('mkfifo pipe')).end()
    for (const call of [() => executor.readFile(at('pipe')), () => executor.open(at('pipe'), 'read')])
      await expect(call()).rejects.toMatchObject({
        code: 'conflict',
        message: expect.stringContaining('named pipe'),
      })
    await expect(executor.writeFile(at('pipe'), Buffer.from('x'))).rejects.toMatchObject({
      code: 'conflict',
    })
  })

  it('are read to their end also when they say that they are empty', async () => {
    const bytes = await executor.readFile('/proc/cpuinfo')
    expect(bytes.length).toBeGreaterThan(100)
    const file = await executor.open('/proc/cpuinfo', 'read')
    expect((await file.read(0, 10_000_000)).eof).toBe(true)
    expect(await file.read(0, 10)).toMatchObject({ eof: false })
    await file.close()
  })

  it('are never read beyond what was asked for, without end as they may be', async () => {
    await expect(executor.readFile('/dev/zero', { maxBytes: 100_000 })).rejects.toMatchObject({
      code: 'invalid_input',
    })
  })

  it('list links that lead nowhere too', async () => {
    await (await sh('ln -s nowhere dangling; mkfifo pipe')).end()
    expect((await executor.list(directory.path)).sort((a, b) => a.name.localeCompare(b.name))).toEqual([
      { name: 'dangling', kind: 'other' },
      { name: 'pipe', kind: 'other' },
    ])
  })
})

import { mkdir, mkdtemp, readFile, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BridgeClient } from '../../src/bridge/client.ts'
import { bytesFromPath } from '../../src/protocol/paths.ts'
import { BridgeError } from '../../src/util/errors.ts'
import { runPrograms } from '../support/run-programs.ts'
import { failure } from '../support/scripted-client.ts'
import { OLDER, Refusal, ScriptedExecServer } from '../support/scripted-exec-server.ts'
import { ScriptedMachine } from '../support/scripted-machine.ts'

let dir: string

beforeAll(async () => {
  dir = await realpath(await mkdtemp(join(tmpdir(), 'bridge-fallbacks-')))
})

afterAll(() => rm(dir, { recursive: true }))

interface OldBox extends AsyncDisposable {
  readonly client: BridgeClient
  readonly server: ScriptedExecServer
}

/** An executor of 0.132 that runs real programs of this machine and looks at its real files. */
async function openOld(aliases: Readonly<Record<string, readonly string[]>> = {}): Promise<OldBox> {
  const server = new ScriptedExecServer({ answers: OLDER['0.132'] })
  runPrograms(server)
  const client = await BridgeClient.open(server.transport, { name: 'box' })
  runPrograms(server, aliases)
  server.answer('fs/getMetadata', async ({ path }) => {
    const found = await stat(path).catch(() => {
      throw new Refusal(-32004, 'No such file or directory (os error 2)')
    })
    return { isDirectory: found.isDirectory(), isFile: found.isFile(), modifiedAtMs: 0 }
  })
  const close = () => client.close(new BridgeError('canceled', 'the test is over'))
  return { client, server, [Symbol.asyncDispose]: close }
}

describe('reading windows by processes', () => {
  it('gives the bytes asked for, whatever they are, and tells the end', async () => {
    await using box = await openOld()
    const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, at) => (at * 7) % 256))
    const path = join(dir, 'a "b"\n$c')
    await writeFile(path, bytes)
    const file = await box.client.open(path, 'read')
    const window = async (offset: number, length: number) => {
      const { bytes: got, eof } = await file.read(offset, length)
      return { isRight: Buffer.from(got).equals(bytes.subarray(offset, offset + length)), eof }
    }
    expect(await window(0, 10)).toEqual({ isRight: true, eof: false })
    expect(await window(50_000, 20_000)).toEqual({ isRight: true, eof: false })
    expect(await window(99_990, 20)).toEqual({ isRight: true, eof: true })
    expect(await window(200_000, 20)).toEqual({ isRight: true, eof: true })
    await file.close()
  })

  it('reads whole files so, where their size is not told', async () => {
    await using box = await openOld()
    const path = join(dir, 'large')
    await writeFile(path, Buffer.alloc(5_000_000, 'ab'))
    expect((await box.client.readFile(path)).byteLength).toBe(5_000_000)
    expect((await failure(box.client.readFile(path, { maxBytes: 4_999_999 }))).code).toBe('invalid_input')
    expect(box.server.calls('fs/readFile')).toEqual([])
  })

  it('says what is not a file, not there, or not allowed', async () => {
    await using box = await openOld()
    expect((await failure(box.client.open(dir, 'read'))).text).toBe(
      `[conflict] Cannot open "${dir}": it is a directory`,
    )
    expect((await failure(box.client.open(join(dir, 'no'), 'read'))).code).toBe('not_found')
    const path = join(dir, 'gone')
    await writeFile(path, 'x')
    const file = await box.client.open(path, 'read')
    await rm(path)
    expect((await failure(file.read(0, 1))).code).toBe('not_found')
    expect((await failure(file.write(0, Buffer.from('x')))).code).toBe('conflict')
  })

  it('gives up when the caller does, and leaves no process', async () => {
    await using box = await openOld({ '/bin/sh': ['/bin/sh', '-c', 'sleep 60', 'sh'] })
    const path = join(dir, 'slow')
    await writeFile(path, 'x')
    const file = await box.client.open(path, 'read')
    expect((await failure(file.read(0, 1, { timeoutMs: 50 }))).code).toBe('deadline')
    await box.server.next('process/terminate')
  })
})

describe('renaming by mv', () => {
  // A mv without -T, as on macOS: it refuses the option.
  const BSD_MV = {
    mv: [
      '/bin/sh',
      '-c',
      'for a; do [ "$a" = -T ] && { echo "mv: illegal option -- T" >&2; exit 64; }; done; exec mv "$@"',
      'sh',
    ],
  }

  for (const [kind, aliases] of [
    ['with -T', {}],
    ['without -T', BSD_MV],
  ] as const) {
    it(`moves over a file and never into a directory, ${kind}`, async () => {
      await using box = await openOld(aliases)
      const at = (name: string) => join(dir, name)
      await writeFile(at('-from'), 'new')
      await writeFile(at('to'), 'old')
      await box.client.rename(at('-from'), at('to'))
      expect(await readFile(at('to'), 'utf8')).toBe('new')
      await mkdir(at('folder'), { recursive: true })
      expect((await failure(box.client.rename(at('to'), at('folder')))).code).toBe('conflict')
      expect(await readFile(at('to'), 'utf8')).toBe('new')
      const missing = await failure(box.client.rename(at('no'), at('x')))
      expect(missing.code).toBe('not_found')
      expect(missing.message).toMatch(/^Cannot rename ".*\/no" to ".*\/x": mv: /)
    })
  }

  // A stock executor whose connection ends while it starts a process keeps the id, and may keep nothing else.
  it('looks where the file is when nobody knows whether mv ran, and moves it once', async () => {
    await using machine = await ScriptedMachine.open({ answers: OLDER['0.132'] })
    const [from, to] = ['/from', '/to']
    let there = from
    let dropped: string | undefined
    let moves = 0
    machine.server.answer('fs/getMetadata', ({ path }) => {
      if (path === there) return { isDirectory: false, isFile: true, modifiedAtMs: 0 }
      throw new Refusal(-32004, 'No such file or directory (os error 2)')
    })
    machine.server.answer('process/read', () => {
      throw new Refusal(-32600, 'process is starting')
    })
    machine.server.answer('process/start', ({ processId }) => {
      dropped ??= processId
      if (processId === dropped) throw new Refusal(-32600, `process ${processId} already exists`)
      moves++
      there = to
      machine.server.exited(processId, 1, 0)
      machine.server.closed(processId, 2)
      return { processId }
    })
    const renamed = machine.client.rename(from, to)
    await machine.clock.advance(60_000)
    await renamed
    expect({ there, moves }).toEqual({ there: to, moves: 1 })
  })

  it('moves names of any bytes', async () => {
    const server = new ScriptedExecServer()
    runPrograms(server)
    const client = await BridgeClient.open(server.transport, { name: 'box' })
    const name = `${dir}/caf\udce9 "x"\n`
    await writeFile(bytesFromPath(name), 'here')
    await client.rename(name, `${dir}/-n\udcff\n`)
    expect(await readFile(bytesFromPath(`${dir}/-n\udcff\n`), 'utf8')).toBe('here')
    await client.rename(`${dir}/-n\udcff\n`, `${dir}/plain`)
    expect(await readFile(`${dir}/plain`, 'utf8')).toBe('here')
    await client.close(new BridgeError('canceled', 'the test is over'))
  })
})

describe('resolving by readlink', () => {
  it('follows links and dots, and knows what is not there', async () => {
    await using box = await openOld()
    await mkdir(join(dir, 'real'), { recursive: true })
    await symlink(join(dir, 'real'), join(dir, 'link'))
    expect(await box.client.canonicalize(join(dir, 'link/../real/.'))).toBe(join(dir, 'real'))
    expect((await failure(box.client.canonicalize(join(dir, 'nothing')))).code).toBe('not_found')
  })
})

describe('asking a login shell', () => {
  it('takes the answer of this machine, whatever a profile says before', async () => {
    const server = new ScriptedExecServer({ answers: OLDER['0.132'] })
    runPrograms(server, { '/bin/sh': ['/bin/sh', '-c', 'echo "motd: \\0 hi"; exec /bin/sh "$@"', 'sh'] })
    const client = await BridgeClient.open(server.transport, { name: 'box' })
    server.drop()
    expect(client.info).toMatchObject({
      os: process.platform === 'darwin' ? 'macos' : 'linux',
      // The executor is this process.
      cwd: process.platform === 'linux' ? process.cwd() : expect.any(String),
      askedShell: true,
    })
    expect(client.info.shell.path).toMatch(/^\//)
  })

  it('tells nothing when the shell does not exist', async () => {
    const server = new ScriptedExecServer({ answers: OLDER['0.132'] })
    runPrograms(server, { '/bin/sh': ['/no/such/shell'] })
    const client = await BridgeClient.open(server.transport, { name: 'box' })
    server.drop()
    expect(client.info).toMatchObject({ os: 'linux', cwd: '/', home: undefined, askedShell: true })
  })
})

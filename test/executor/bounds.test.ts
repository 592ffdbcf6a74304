import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeBounds } from '../../src/executor/bounds.ts'
import { LocalExecutor } from '../../src/executor/local.ts'
import { type TempDirectory, tempDirectory } from '../support/temp-directory.ts'

let directory: TempDirectory
let root: string
let outside: string
let executor: LocalExecutor

const within = (name: string) => join(root, name)

beforeEach(async () => {
  directory = await tempDirectory()
  root = join(directory.path, 'root')
  outside = join(directory.path, 'outside')
  for (const path of [root, outside, within('dir')]) await mkdir(path)
  await writeFile(join(outside, 'secret'), 'secret')
  await writeFile(within('file'), 'inside')
  executor = new LocalExecutor({ bounds: await makeBounds({ root, isReadOnly: false }) })
})
afterEach(async () => {
  await executor[Symbol.asyncDispose]()
  await directory[Symbol.asyncDispose]()
})

/** What every file method does at a path. */
const METHODS: readonly [string, (path: string) => Promise<unknown>][] = [
  ['readFile', (path) => executor.readFile(path)],
  ['writeFile', (path) => executor.writeFile(path, Buffer.from('x'))],
  ['open to read', async (path) => (await executor.open(path, 'read')).close()],
  ['open to write', async (path) => (await executor.open(path, 'replace')).close()],
  ['hash', (path) => executor.hash(path)],
  ['metadata', (path) => executor.metadata(path)],
  ['list', (path) => executor.list(path)],
  ['createDirectory', (path) => executor.createDirectory(path, { recursive: false })],
  ['createDirectory with parents', (path) => executor.createDirectory(path, { recursive: true })],
  ['remove', (path) => executor.remove(path, { recursive: true, force: true })],
  ['copy from', (path) => executor.copy(path, within('copy'), { recursive: true })],
  ['copy to', (path) => executor.copy(within('file'), path, { recursive: true })],
  ['rename from', (path) => executor.rename(path, within('renamed'))],
  ['rename to', (path) => executor.rename(within('file'), path)],
  ['canonicalize', (path) => executor.canonicalize(path)],
]

describe('an executor that is confined to a directory', () => {
  it('works on all that lies in it, through links that stay in it', async () => {
    await symlink('dir', within('relative'))
    await symlink(within('dir'), within('absolute'))
    await symlink('../dir/../file', within('dir/back'))
    await executor.writeFile(within('relative/new'), Buffer.from('new'))
    expect(await readFile(within('dir/new'), 'utf8')).toBe('new')
    expect(await executor.canonicalize(within('absolute/new'))).toBe(within('dir/new'))
    expect(Buffer.from(await executor.readFile(within('dir/back'))).toString()).toBe('inside')
    expect(await executor.metadata(within('dir/back'))).toMatchObject({
      kind: 'file',
      isSymlink: true,
      size: 6,
    })
    await executor.createDirectory(within('a/b/c'), { recursive: true })
    await executor.copy(within('dir'), within('a/b/dir'), { recursive: true })
    expect((await executor.list(within('a/b/dir'))).map(({ name }) => name).sort()).toEqual(['back', 'new'])
    await executor.rename(within('a/b'), within('moved'))
    await executor.remove(within('moved'), { recursive: true, force: false })
    expect((await executor.list(root)).map(({ name }) => name).sort()).toEqual([
      'a',
      'absolute',
      'dir',
      'file',
      'relative',
    ])
  })

  it('copies files with their modes, and links as they are', async () => {
    await writeFile(within('dir/run'), 'x')
    await chmod(within('dir/run'), 0o751)
    await symlink('/etc/passwd', within('dir/out'))
    await executor.copy(within('dir'), within('copy'), { recursive: true })
    expect((await stat(within('copy/run'))).mode & 0o777).toBe(0o751)
    await expect(executor.readFile(within('copy/out'))).rejects.toMatchObject({ code: 'denied' })
  })

  describe.each(METHODS)('%s', (_, method) => {
    it('does not leave it: by its path, by dots, or by links in the middle or at the end', async () => {
      await symlink(outside, within('link'))
      await symlink('../../outside', within('dir/up'))
      await symlink(join(outside, 'secret'), within('last'))
      await symlink('link', within('twice'))
      const before = [await readdir(outside), await readFile(join(outside, 'secret'), 'utf8')]
      const paths = [
        join(outside, 'secret'),
        `${root}-beside`,
        `${root}/../outside/secret`,
        within('link/secret'),
        within('link/new'),
        within('dir/up/secret'),
        within('twice/secret'),
        within('dir/../../outside/secret'),
      ]
      for (const path of paths) await expect(method(path), path).rejects.toMatchObject({ code: 'denied' })
      // At the end a link is followed, or is itself what is removed or renamed; what it leads to is never touched.
      await method(within('last')).catch(() => {})
      expect([await readdir(outside), await readFile(join(outside, 'secret'), 'utf8')]).toEqual(before)
    })
  })

  it('says of links that lead out no more than that they are there', async () => {
    await symlink(outside, within('link'))
    expect(await executor.list(root)).toContainEqual({ name: 'link', kind: 'other' })
    await expect(executor.metadata(within('link'))).rejects.toMatchObject({
      message: `Cannot use "${within('link')}": it leads out of the directory that this executor is confined to`,
    })
  })

  it('does not go in circles', async () => {
    await symlink('circle', within('circle'))
    await expect(executor.readFile(within('circle'))).rejects.toThrow('its links go in a circle')
  })

  it('is not removed itself', async () => {
    const removed = executor.remove(root, { recursive: true, force: true })
    await expect(removed).rejects.toMatchObject({ code: 'denied' })
    expect(existsSync(within('file'))).toBe(true)
  })

  it('removes links, not what they lead to', async () => {
    await symlink(outside, within('dir/link'))
    await executor.remove(within('dir'), { recursive: true, force: false })
    expect(existsSync(within('dir'))).toBe(false)
    expect(await readFile(join(outside, 'secret'), 'utf8')).toBe('secret')
  })

  it.runIf(process.platform === 'linux')('cannot be led out by who changes links all the time', async () => {
    const swap = `ln -s ${outside} swap; rm swap; mkdir swap; mv swap away; rm -rf away`
    const swapper = spawn('/bin/sh', ['-c', `cd ${root}; while :; do ${swap}; done`], {
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    })
    try {
      const endsAt = performance.now() + 1500
      for (let n = 0; performance.now() < endsAt; n++) {
        await executor.writeFile(within('swap/written'), Buffer.from('x')).catch(() => {})
        await executor.createDirectory(within(`swap/made/${n}`), { recursive: true }).catch(() => {})
        const read = await executor.readFile(within('swap/secret')).catch(() => undefined)
        expect(read).toBeUndefined()
        await executor.remove(within('swap'), { recursive: true, force: true }).catch(() => {})
        await executor.copy(within('dir'), within('swap/copied'), { recursive: true }).catch(() => {})
      }
    } finally {
      // With the last of what it started, which may be at work in the directory.
      const ended = once(swapper.stdout.resume(), 'close')
      process.kill(-swapper.pid!, 'SIGKILL')
      await ended
    }
    expect(await readdir(outside)).toEqual(['secret'])
  })

  it('tells no directory outside of it, and starts commands in it', async () => {
    expect(executor.info).toMatchObject({ cwd: root, tempDir: root, home: undefined })
    const request = { argv: ['true'], env: {}, tty: false, pipeStdin: false }
    await executor.start({ ...request, processId: 'a', cwd: root })
    const elsewhere = executor.start({ ...request, processId: 'b', cwd: outside })
    await expect(elsewhere).rejects.toMatchObject({ code: 'denied' })
    // Where what names all its paths works, as the scripts of a copy do.
    await executor.start({ ...request, processId: 'c', cwd: '/' })
  })

  it('must be a directory', async () => {
    await expect(makeBounds({ root: within('file'), isReadOnly: false })).rejects.toThrow(
      'it is not a directory',
    )
    await expect(makeBounds({ root: within('no'), isReadOnly: false })).rejects.toMatchObject({
      code: 'ENOENT',
    })
  })
})

describe('an executor that is read-only', () => {
  beforeEach(async () => {
    await executor[Symbol.asyncDispose]()
    executor = new LocalExecutor({ bounds: await makeBounds({ isReadOnly: true }) })
  })

  it('reads', async () => {
    expect(Buffer.from(await executor.readFile(within('file'))).toString()).toBe('inside')
    expect(await executor.metadata(root)).toMatchObject({ kind: 'directory' })
    await expect(executor.hash(within('file'))).resolves.toHaveLength(64)
  })

  const changing = METHODS.filter(([name]) => /write|create|remove|copy|rename/.test(name))
  it.each(changing)('does not %s', async (_, method) => {
    await expect(method(within('new'))).rejects.toMatchObject({
      code: 'denied',
      message: expect.stringContaining('read-only'),
    })
  })

  it('starts no command', async () => {
    const request = { processId: 'a', argv: ['true'], cwd: root, env: {}, tty: false, pipeStdin: false }
    await expect(executor.start(request)).rejects.toMatchObject({
      code: 'denied',
      message: 'Cannot start "true": this executor is read-only, and starts no commands',
    })
  })
})

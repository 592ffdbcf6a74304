import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LocalExecutor } from '../../src/executor/local.ts'
import { type TempDirectory, tempDirectory } from '../support/temp-directory.ts'

let directory: TempDirectory

const at = (name: string) => join(directory.path, name)
let executor: LocalExecutor

beforeAll(async () => {
  directory = await tempDirectory()
  executor = new LocalExecutor()
  await writeFile(at('text'), 'text', { mode: 0o644 })
  await writeFile(at('script'), '#!/no/such/interpreter\n', { mode: 0o755 })
  await mkdir(at('bin/tool'), { recursive: true })
  await writeFile(at('bin/locked'), '', { mode: 0o644 })
  await chmod(at('text'), 0o644)
})
afterAll(async () => {
  await executor[Symbol.asyncDispose]()
  await directory[Symbol.asyncDispose]()
})

describe.each([false, true])('a program that does not start (tty: %s)', (tty) => {
  const start = async (argv: readonly string[], { cwd = directory.path, env = {} } = {}) => {
    const request = { processId: 'p', argv, cwd, env, tty, pipeStdin: false }
    const error = await executor.start(request).catch((reason: unknown) => reason)
    const { code, message } = error as { code: string; message: string }
    return `${code}: ${message}`.replaceAll(directory.path, 'ROOT')
  }

  it('is told by what is missing', async () => {
    expect(await start(['make'], { env: { PATH: '/nowhere' } })).toBe(
      'not_found: Cannot start "make": no such file in the directories of PATH',
    )
    expect(await start(['./make'])).toBe('not_found: Cannot start "./make": no such file in "ROOT"')
    expect(await start(['/no/make'])).toBe('not_found: Cannot start "/no/make": no such file')
    expect(await start(['true'], { cwd: '/no/place' })).toBe(
      'not_found: Cannot start "true": no such file or directory "/no/place" to work in',
    )
    expect(await start(['true'], { cwd: at('text') })).toBe(
      'not_found: Cannot start "true": "ROOT/text" is not a directory to work in',
    )
  })

  it('is told by what forbids it', async () => {
    expect(await start(['./text'])).toBe(
      'denied: Cannot start "./text": permission denied: "./text" is not executable',
    )
    expect(await start(['./bin'])).toBe(
      'denied: Cannot start "./bin": permission denied: "./bin" is a directory',
    )
    expect(await start(['locked'], { env: { PATH: at('bin') } })).toBe(
      'denied: Cannot start "locked": permission denied: "ROOT/bin/locked" is not executable',
    )
  })
})

describe('a script without its interpreter', () => {
  it('is told apart from a missing script', async () => {
    const start = executor.start({
      processId: 'p',
      argv: ['./script'],
      cwd: directory.path,
      env: {},
      tty: false,
      pipeStdin: false,
    })
    await expect(start).rejects.toMatchObject({
      code: 'not_found',
      message: 'Cannot start "./script": no such file as the interpreter that it names in its first line',
    })
  })
})

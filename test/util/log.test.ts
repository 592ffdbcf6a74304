import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLogger } from '../../src/util/log.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'env-mcp-log-'))
})
afterEach(() => rm(folder, { recursive: true }))

describe('createLogger', () => {
  it('writes one line of JSON for each event, from its level on, to a file only its owner reads', async () => {
    const file = join(folder, 'log')
    const log = createLogger({ level: 'error', file, stderr: false })
    log.warn({ exeId: 'x' }, 'not this one')
    log.error({ exeId: 'y' }, 'socket lost')
    await log.close()
    const lines = (await readFile(file, 'utf8')).trim().split('\n')
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({ exeId: 'y', msg: 'socket lost' }),
    ])
    expect((await stat(file)).mode & 0o777).toBe(0o600)
  })

  // Nobody learned why the file they had asked for was never there.
  it('says once, in plain words, that the file cannot be written', async () => {
    const said: string[] = []
    const file = join(folder, 'missing', 'log')
    const log = createLogger({ level: 'error', file, stderr: false, complain: (line) => said.push(line) })
    log.error({}, 'one')
    log.error({}, 'two')
    await log.close()
    expect(said).toEqual([
      `env-mcp: Cannot log to "${file}": ENOENT: no such file or directory, open '${file}'\n`,
    ])
  })

  it('goes on without a log when the file cannot be made', async () => {
    const log = createLogger({ level: 'error', file: join(folder, 'missing', 'log'), stderr: false })
    log.error({}, 'nobody hears this')
    await expect(log.close()).resolves.toBeUndefined()
  })
})

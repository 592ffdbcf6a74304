import { execFileSync } from 'node:child_process'
import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { RotatedFile } from '../../src/gateway/rotated-file.ts'
import { tempDirectory } from '../support/temp-directory.ts'

const options = { maxFileBytes: 10, keptFiles: 2 }

describe('RotatedFile', () => {
  it('puts a full file aside, keeps so many, and lets the oldest go', async () => {
    await using directory = await tempDirectory()
    const path = join(directory.path, 'log')
    const file = new RotatedFile(path, options)
    for (const text of ['aaaa\n', 'bbbb\n', 'cccc\n', 'longer than a file\n', 'd\n', 'e\n', 'ffffffff\n'])
      await file.append(text)
    const texts = async (name: string) => readFile(join(directory.path, name), 'utf8')
    expect((await readdir(directory.path)).sort()).toEqual(['log', 'log.1', 'log.2'])
    expect(await texts('log')).toBe('ffffffff\n')
    expect(await texts('log.1')).toBe('d\ne\n')
    expect(await texts('log.2')).toBe('longer than a file\n')
  })

  it('goes on at the end of a file that is there', async () => {
    await using directory = await tempDirectory()
    const path = join(directory.path, 'log')
    await writeFile(path, 'old\n')
    await new RotatedFile(path, options).append('new\n')
    expect(await readFile(path, 'utf8')).toBe('old\nnew\n')
  })

  it.runIf(process.platform !== 'win32')('is for its owner alone, whatever it was before', async () => {
    await using directory = await tempDirectory()
    const path = join(directory.path, 'log')
    await writeFile(path, '')
    await chmod(path, 0o644)
    await new RotatedFile(path, options).append('x')
    await new RotatedFile(`${path}-new`, options).append('x')
    expect([(await stat(path)).mode & 0o777, (await stat(`${path}-new`)).mode & 0o777]).toEqual([
      0o600, 0o600,
    ])
  })

  it.runIf(process.platform !== 'win32')('waits for no reader of a pipe', async () => {
    await using directory = await tempDirectory()
    const path = join(directory.path, 'pipe')
    execFileSync('mkfifo', [path])
    await expect(new RotatedFile(path, options).append('x')).rejects.toThrow(/ENXIO|no such device/i)
    await expect(new RotatedFile('/dev/null', options).append('x')).rejects.toThrow(
      '"/dev/null" is not a file',
    )
    await expect(new RotatedFile(directory.path, options).append('x')).rejects.toThrow()
  })
})

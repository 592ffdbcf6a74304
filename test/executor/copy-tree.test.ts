import { execFileSync } from 'node:child_process'
import { chmod, mkdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { copyTree } from '../../src/executor/copy-tree.ts'
import { ALL_PLACES } from '../../src/executor/places.ts'
import { type TempDirectory, tempDirectory } from '../support/temp-directory.ts'
import { describeTree, makeTree } from '../support/tree.ts'

let directory: TempDirectory

const at = (name: string) => join(directory.path, name)

beforeEach(async () => {
  directory = await tempDirectory()
})
afterEach(async () => {
  await directory[Symbol.asyncDispose]()
})

const copy = (from: string, to: string, signal = new AbortController().signal) =>
  copyTree(ALL_PLACES, at(from), at(to), { recursive: true, signal })

describe('copyTree', () => {
  it('copies every name, link, mode and empty directory', async () => {
    await mkdir(at('from'))
    makeTree(at('from'))
    await copy('from', 'to')
    expect(describeTree(at('to'))).toEqual(describeTree(at('from')))
    await chmod(at('from/empty/deeper'), 0o700)
    await chmod(at('to/empty/deeper'), 0o700)
  })

  it('fills a directory that is there, and replaces files and links in it', async () => {
    await mkdir(at('from'))
    await writeFile(at('from/file'), 'new', { mode: 0o755 })
    await symlink('new-target', at('from/link'))
    await mkdir(at('to'))
    await writeFile(at('to/file'), 'what was there')
    await writeFile(at('to/other'), 'stays')
    await symlink('old-target', at('to/link'))
    await copy('from', 'to')
    expect(await readFile(at('to/file'), 'utf8')).toBe('new')
    expect(await readFile(at('to/other'), 'utf8')).toBe('stays')
    expect(await readlink(at('to/link'))).toBe('new-target')
  })

  it.each(['from', 'from/inside', 'from/a/b', 'link/inside'])('does not copy into itself: %s', async (to) => {
    await mkdir(at('from/a'), { recursive: true })
    await symlink('from', at('link'))
    await expect(copy('from', to)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('into itself'),
    })
  })

  it('copies beside what begins with the same name', async () => {
    await mkdir(at('from/a'), { recursive: true })
    await copy('from', 'from-2')
    expect(describeTree(at('from-2'))).toEqual(describeTree(at('from')))
  })

  it('refuses what is neither file nor directory, and says what it was', async () => {
    await mkdir(at('from'))
    execFileSync('mkfifo', [at('from/pipe')])
    await expect(copy('from', 'to')).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining(`"${at('from/pipe')}" is neither a file nor a directory`),
    })
  })

  it('refuses a file where a directory is to be', async () => {
    await mkdir(at('from'))
    await writeFile(at('to'), '')
    await expect(copy('from', 'to')).rejects.toMatchObject({ code: 'conflict' })
  })

  it('stops when its signal aborts', async () => {
    await mkdir(at('from'))
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(copy('from', 'to', signal)).rejects.toThrow('enough')
  })
})

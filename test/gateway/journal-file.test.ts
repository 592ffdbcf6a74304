import { readFileSync, writeFileSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { JournalFile } from '../../src/gateway/journal-file.ts'
import { type TempDirectory, tempDirectory } from '../support/temp-directory.ts'

let directory: TempDirectory
let path: string

beforeEach(async () => {
  directory = await tempDirectory()
  path = join(directory.path, 'journal.jsonl')
})

afterEach(() => directory[Symbol.asyncDispose]())

function open(): JournalFile<number> {
  return new JournalFile(path, (value) => {
    if (typeof value === 'number') return value
    throw new Error('not a number')
  })
}

describe('JournalFile', () => {
  it('is empty without a file', () => {
    expect(open().read()).toEqual([])
  })

  it('has what was added, in that order, in a file of its owner', async () => {
    const journal = open()
    await journal.replace([1, 2])
    for (const value of [3, 4]) await journal.add(value)
    expect(open().read()).toEqual([1, 2, 3, 4])
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    await journal.replace([4])
    expect(readFileSync(path, 'utf8')).toBe('4\n')
  })

  it('leaves out what cannot be read', () => {
    writeFileSync(path, '1\n"two"\n{\n3\n4')
    expect(open().read()).toEqual([1, 3, 4])
    writeFileSync(path, '1\n2\n"thr')
    expect(open().read()).toEqual([1, 2])
  })

  it('wants to be replaced before it is added to, after it was read and after an error', async () => {
    const journal = open()
    expect(journal.isWhole).toBe(false)
    await journal.replace([])
    expect(journal.isWhole).toBe(true)
    journal.read()
    expect(journal.isWhole).toBe(false)
    await journal.replace([])
    await directory[Symbol.asyncDispose]()
    await expect(journal.add(1)).rejects.toThrow('ENOENT')
    expect(journal.isWhole).toBe(false)
  })
})

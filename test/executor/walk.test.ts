import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Sessions } from '../../src/executor/sessions.ts'
import { type TempDirectory, tempDirectory } from '../support/temp-directory.ts'
import { TestClient } from './client.ts'

const ALL = { maxDepth: 64, maxDirectories: 10_000, maxEntries: 50_000, followDirectorySymlinks: false }

let directory: TempDirectory
let sessions: Sessions
let client: TestClient

beforeEach(async () => {
  directory = await tempDirectory()
  sessions = new Sessions()
  client = await TestClient.ready(sessions)
  await mkdir(join(directory.path, 'a/b c'), { recursive: true })
  await writeFile(join(directory.path, 'a/b c/file'), '')
  await writeFile(join(directory.path, 'top'), '')
  await symlink('a', join(directory.path, 'link'))
})
afterEach(async () => {
  await client[Symbol.asyncDispose]()
  await sessions[Symbol.asyncDispose]()
  await directory[Symbol.asyncDispose]()
})

const walk = (options: object = {}, path = directory.path) =>
  client.call('fs/walk', { path: `file://${path}`, options: { ...ALL, ...options } }) as Promise<{
    entries: { path: string; kind: string }[]
    truncated: boolean
  }>

describe('fs/walk', () => {
  it('tells all files and directories below, without links', async () => {
    const { entries, ...rest } = await walk()
    const below = `file://${directory.path}`
    expect(entries.sort((a, b) => (a.path < b.path ? -1 : 1))).toEqual([
      { path: `${below}/a`, kind: 'directory' },
      { path: `${below}/a/b%20c`, kind: 'directory' },
      { path: `${below}/a/b%20c/file`, kind: 'file' },
      { path: `${below}/top`, kind: 'file' },
    ])
    expect(rest).toEqual({ errors: [], truncated: false })
  })

  it.each([[{ maxDepth: 1 }], [{ maxDirectories: 1 }], [{ maxEntries: 2 }]])(
    'stops at %j',
    async (limits) => {
      expect(await walk(limits)).toMatchObject({ truncated: true, entries: { length: 2 } })
    },
  )

  it('refuses what is not there, and limits beyond those of a stock exec-server', async () => {
    await expect(walk({}, `${directory.path}/no`)).rejects.toMatchObject({ rpcCode: -32004 })
    await expect(walk({}, `${directory.path}/top`)).rejects.toMatchObject({ rpcCode: -32600 })
    await expect(walk({ maxDepth: 65 })).rejects.toMatchObject({ rpcCode: -32600 })
  })
})

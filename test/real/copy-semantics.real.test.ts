import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type ListeningExecutor, listenExecutor } from '../../src/executor/listen.ts'
import { makeSparse } from '../support/random-tree.ts'
import { type TempDirectory, tempDirectory } from '../support/temp-directory.ts'
import { describeTree, makeTree } from '../support/tree.ts'
import { type ExecServer, startExecServer } from './support/exec-server.ts'
import { connectMcp, type McpClient } from './support/mcp-client.ts'

/** Our executor, the newest stock one, and an old one that neither writes blocks nor tells sizes. */
const NAMES = ['ours', '0.169.0', '0.132.0'] as const
type Name = (typeof NAMES)[number]

let stock: ExecServer[] = []
let ours: ListeningExecutor
let directory: TempDirectory
let client: McpClient
const cwds = new Map<string, string>()

beforeAll(async () => {
  directory = await tempDirectory()
  stock = await Promise.all([startExecServer('0.169.0'), startExecServer('0.132.0')])
  ours = await listenExecutor({ host: '127.0.0.1', port: 0, executor: { cwd: directory.path } })
  const urls = [['ours', ours.url], ...stock.map(({ version, url }) => [version, url])]
  for (const { version, cwd } of stock) cwds.set(version, cwd)
  cwds.set('ours', directory.path)
  client = await connectMcp(urls.map(([name, url]) => `--environment=${name}=${url}`))
})

afterAll(async () => {
  await client[Symbol.asyncDispose]()
  await ours.close()
  for (const server of [...stock, directory]) await server[Symbol.asyncDispose]()
})

const PAIRS = NAMES.flatMap((from) => NAMES.filter((to) => to !== from).map((to): [Name, Name] => [from, to]))

describe.each(PAIRS)('copy_path from %s to %s', (from, to) => {
  /** Empty directories at both ends. */
  function rooms(name: string): [source: string, target: string] {
    const both = [from, to].map((end) => join(cwds.get(end)!, `${name} ${from} ${to}`))
    for (const room of both) {
      rmSync(room, { recursive: true, force: true })
      mkdirSync(room)
    }
    return [both[0]!, both[1]!]
  }

  async function copy(args: Record<string, unknown>): Promise<string> {
    const ends = { source_environment_id: from, destination_environment_id: to }
    const { text, isError } = await client.call('copy_path', { ...ends, ...args })
    return isError ? `failed: ${text}` : text
  }

  it('keeps names of any bytes, modes, links, times, holes and empty directories, and names special files', async () => {
    const [source, target] = rooms('tree')
    makeTree(join(source, 'd'))
    makeSparse(join(source, 'd/sparse'), 4_000_000)
    utimesSync(join(source, 'd/level-0'), 1e9, 1e9)
    utimesSync(join(source, 'd/plain'), 1e9, 1e9)
    const expected = describeTree(join(source, 'd'))
    execFileSync('mkfifo', [join(source, 'd/pipe')])
    const text = await copy({
      source_path: join(source, 'd'),
      destination_path: `${target}/`,
      recursive: true,
    })
    expect(text).toContain('(the same at both ends)')
    expect(text).toContain('neither files, directories nor links: ./pipe.')
    expect(describeTree(join(target, 'd'))).toEqual(expected)
    for (const name of ['level-0', 'plain']) expect(statSync(join(target, 'd', name)).mtimeMs).toBe(1e12)
    expect(statSync(join(target, 'd/sparse')).blocks * 512).toBeLessThan(1_000_000)
    expect(readdirSync(target)).toEqual(['d'])
  })

  it('leaves out, skips, and replaces what is older', async () => {
    const [source, target] = rooms('part')
    mkdirSync(join(source, 'd'))
    mkdirSync(join(target, 'd'))
    for (const name of ['a', 'b.log', 'c']) writeFileSync(join(source, 'd', name), 'source')
    writeFileSync(join(target, 'd/a'), 'there')
    writeFileSync(join(target, 'd/c'), 'there')
    utimesSync(join(source, 'd/a'), 1e9, 1e9)
    utimesSync(join(target, 'd/c'), 1e9, 1e9)
    const args = { source_path: join(source, 'd'), destination_path: target, recursive: true }
    const part = { ...args, exclude: ['*.log'], overwrite: 'newer' }
    expect(await copy({ ...part, dry_run: true })).toMatch(
      /^Would copy 1 file, 6 bytes.*Would be replaced: \.\/c\./s,
    )
    expect(await copy(part)).toContain('Skipped, because they are there already: ./a.')
    expect(readdirSync(join(target, 'd'))).toEqual(['a', 'c'])
    expect(readFileSync(join(target, 'd/a'), 'utf8')).toBe('there')
    expect(readFileSync(join(target, 'd/c'), 'utf8')).toBe('source')
    expect(await copy({ ...args, overwrite: 'error' })).toMatch(
      /^failed: \[conflict\].*"a", "c" are there already/,
    )
  })

  it('goes on from what a copy that was ended has brought', async () => {
    const [source, target] = rooms('resumed')
    const bytes = randomBytes(64 * 1024 * 1024)
    writeFileSync(join(source, 'f'), bytes, { mode: 0o640 })
    const args = { source_path: join(source, 'f'), destination_path: join(target, 'g') }
    const text = await copy({ ...args, timeout_ms: 1 })
    const [, session_id = text] = /^Copy running with session ID (\S+)/.exec(text) ?? []
    const hasArrived = (name: string) => statSync(join(target, name)).size > 4 * 1024 * 1024
    await vi.waitUntil(() => readdirSync(target).some(hasArrived), { timeout: 20_000, interval: 2 })
    const ended = await client.call('terminate', { session_id })
    expect(ended.text).toMatch(/\[canceled\].*what has arrived is kept in/s)
    expect(readdirSync(target)).toEqual([expect.stringMatching(/^g\.env-mcp-.*\.partial$/)])
    expect(await copy(args)).toMatch(/\(the same at both ends\).*bytes were there from an earlier try/s)
    expect(readFileSync(join(target, 'g')).equals(bytes)).toBe(true)
    expect(statSync(join(target, 'g')).mode & 0o777).toBe(0o640)
    expect(readdirSync(target)).toEqual(['g'])
  })
})

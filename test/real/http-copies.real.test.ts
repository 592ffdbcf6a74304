import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { startOurs } from '../faults/machines.ts'
import { makeSparse } from '../support/random-tree.ts'
import { tempDirectory } from '../support/temp-directory.ts'
import { describeTree, makeTree, timesIn } from '../support/tree.ts'
import type { CodexVersion } from './support/codex.ts'
import { GatewayProgram } from './support/gateway-program.ts'
import { PROGRAM } from './support/mcp-client.ts'
import { startRemoteExecServer } from './support/remote-exec-server.ts'

/** Plain HTTP, and TLS with an authority of its own, which curl finds as the executor does. */
const WAYS: readonly [CodexVersion, CodexVersion, { by: 'key' | 'stdin'; tls: boolean }][] = [
  ['0.169.0', '0.169.0', { by: 'key', tls: false }],
  ['0.169.0', '0.137.0', { by: 'key', tls: false }],
  ['0.169.0', '0.169.0', { by: 'stdin', tls: true }],
]

describe.each(WAYS)('copy_path over HTTP from codex exec-server %s to %s, %j', (from, to, { by, tls }) => {
  it('carries a file and a directory through the gateway', async () => {
    await using gateway = await GatewayProgram.start({ tls })
    await using source = await startRemoteExecServer(gateway, { name: 'a', version: from, by })
    await using target = await startRemoteExecServer(gateway, { name: 'b', version: to, by })
    await expect
      .poll(async () => (await gateway.status()).match(/connected \(/g)?.length, { timeout: 20_000 })
      .toBe(2)
    await using client = await gateway.connect()
    const bytes = randomBytes(20_000_001)
    await mkdir(join(source.cwd, 'tree/in side'), { recursive: true })
    for (const name of ['large', 'tree/in side/größe']) await writeFile(join(source.cwd, name), bytes)
    await symlink('in side/größe', join(source.cwd, 'tree/link'))
    const ends = { source_environment_id: 'a', destination_environment_id: 'b' }
    for (const path of ['large', 'tree']) {
      const { text, isError } = await client.call('copy_path', {
        ...ends,
        ...{ source_path: path, destination_path: `new/${path}`, recursive: path === 'tree' },
      })
      expect({ text, isError }).toEqual({
        isError: false,
        text: expect.stringMatching(/transport http\n(.*\n)*sha256.* \(the same at both ends\)$/m),
      })
    }
    for (const name of ['large', 'tree/link'])
      expect(sha256(await readFile(join(target.cwd, 'new', name)))).toBe(sha256(bytes))
    expect((await readdir(join(target.cwd, 'new'))).sort()).toEqual(['large', 'tree'])
  }, 120_000)
})

/** Our executor at one end or both, and a stock one at the other, all of them through the gateway. */
const MIXED = [
  ['ours', '0.169.0'],
  ['0.169.0', 'ours'],
  ['ours', 'ours'],
  ['0.169.0', '0.169.0'],
] as const

describe.each(MIXED)('copy_path through the gateway from %s to %s', (from, to) => {
  it('carries a directory whole, over HTTP and over the bridges', async () => {
    await using gateway = await GatewayProgram.start()
    await using source = await startEnd(gateway, 'a', from)
    await using target = await startEnd(gateway, 'b', to)
    await expect
      .poll(async () => (await gateway.status()).match(/connected \(/g)?.length, { timeout: 20_000 })
      .toBe(2)
    await using client = await gateway.connect()
    await mkdir(join(source.cwd, 'tree'))
    makeTree(join(source.cwd, 'tree'))
    makeSparse(join(source.cwd, 'tree/sparse'), 4_000_000)
    const ends = { source_environment_id: 'a', destination_environment_id: 'b' }
    for (const transport of ['http', 'ws']) {
      const { text, isError } = await client.call('copy_path', {
        ...{ ...ends, transport, recursive: true },
        ...{ source_path: join(source.cwd, 'tree'), destination_path: join(target.cwd, transport) },
      })
      expect({ text, isError }).toEqual({
        isError: false,
        text: expect.stringMatching(/transport (http|ws)\n(.*\n)*sha256.* \(the same at both ends\)$/m),
      })
      expect(text).toContain(`transport ${transport}`)
      expect(describeTree(join(target.cwd, transport))).toEqual(describeTree(join(source.cwd, 'tree')))
      expect(timesIn(join(target.cwd, transport))).toEqual(timesIn(join(source.cwd, 'tree')))
    }
  }, 120_000)
})

/** A machine of that name that has dialled the gateway. */
async function startEnd(
  gateway: GatewayProgram,
  name: string,
  kind: 'ours' | CodexVersion,
): Promise<AsyncDisposable & { readonly cwd: string }> {
  if (kind !== 'ours') return startRemoteExecServer(gateway, { name, version: kind, by: 'key' })
  const folder = await tempDirectory()
  const tokenFile = join(folder.path, 'token')
  await writeFile(tokenFile, await gateway.joinToken(name), { mode: 0o600 })
  const machine = await startOurs(PROGRAM, ['--gateway', gateway.url, '--token-file', tokenFile])
  return {
    cwd: machine.directory,
    async [Symbol.asyncDispose]() {
      await machine[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

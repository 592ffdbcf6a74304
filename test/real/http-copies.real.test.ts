import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { CodexVersion } from './support/codex.ts'
import { GatewayProgram } from './support/gateway-program.ts'
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

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

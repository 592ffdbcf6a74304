import { createHash, randomBytes } from 'node:crypto'
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CODEX_VERSIONS, type CodexVersion } from './support/codex.ts'
import { useMachines } from './support/machines.ts'

const machines = useMachines()

/** Every version sends once and receives once. */
const ROUTES = CODEX_VERSIONS.map((from, at): [CodexVersion, CodexVersion] => [
  from,
  CODEX_VERSIONS[(at + 1) % CODEX_VERSIONS.length]!,
])

describe.each(ROUTES)('copy_path from codex exec-server %s to %s', (from, to) => {
  it('carries a file over, whole', async () => {
    const [source, target] = [machines.machine(from), machines.machine(to)]
    const bytes = randomBytes(5_000_001)
    await writeFile(join(source.cwd, 'a file'), bytes)
    const { text, isError } = await machines.client.call('copy_path', {
      source_environment_id: from,
      source_path: 'a file',
      destination_environment_id: to,
      destination_path: 'new folder/its copy',
    })
    expect({ text, isError }).toMatchObject({ isError: false })
    expect(sha256(await readFile(join(target.cwd, 'new folder/its copy')))).toBe(sha256(bytes))
    expect(await readdir(join(target.cwd, 'new folder'))).toEqual(['its copy'])
  })

  it('carries a directory over, with modes and links', async () => {
    const [source, target] = [machines.machine(from), machines.machine(to)]
    await makeTree(join(source.cwd, 'tree'))
    const { text, isError } = await machines.client.call('copy_path', {
      source_environment_id: from,
      source_path: join(source.cwd, 'tree'),
      destination_environment_id: to,
      destination_path: join(target.cwd, 'tree copy'),
      recursive: true,
    })
    expect({ text, isError }).toMatchObject({ isError: false })
    expect(await describeTree(join(target.cwd, 'tree copy'))).toEqual(
      await describeTree(join(source.cwd, 'tree')),
    )
    expect(await readdir(target.temp)).toEqual([])
  })

  it('leaves nothing behind when there is nothing to copy', async () => {
    const target = machines.machine(to)
    await mkdir(join(target.cwd, 'untouched'))
    const { text, isError } = await machines.client.call('copy_path', {
      source_environment_id: from,
      source_path: '/no/such/file',
      destination_environment_id: to,
      destination_path: 'untouched/copy',
    })
    expect({ text, isError }).toEqual({
      isError: true,
      text: expect.stringMatching(/^\[not_found\] .*\/no\/such\/file/),
    })
    expect(await readdir(join(target.cwd, 'untouched'))).toEqual([])
  })
})

async function makeTree(root: string): Promise<void> {
  await mkdir(join(root, 'in side/deep'), { recursive: true })
  await mkdir(join(root, 'empty'))
  await writeFile(join(root, 'in side/deep/größe'), randomBytes(1_500_000))
  await writeFile(join(root, 'run.sh'), '#!/bin/sh\n')
  await chmod(join(root, 'run.sh'), 0o755)
  await symlink('in side/deep/größe', join(root, 'link'))
}

/** What is in a tree: kind, mode and content of everything, by path. */
async function describeTree(root: string): Promise<Record<string, string>> {
  const tree: Record<string, string> = {}
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    const { mode } = await stat(path)
    const content = entry.isDirectory() ? 'directory' : sha256(await readFile(path))
    tree[path.slice(root.length)] = `${entry.isSymbolicLink() ? 'link' : mode.toString(8)} ${content}`
  }
  return tree
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

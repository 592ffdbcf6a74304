import { mkdirSync, readdirSync, readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runPatch } from '../../src/cli/run-patch.ts'
import { asNobody, expectedTree, modeOf, type PatchCase, readTree, setUp } from '../support/patch-case.ts'
import { tempDirectory } from '../support/temp-directory.ts'

const FOLDER = 'test/fixtures/patch'
const NAMES = readdirSync(FOLDER).filter((name) => /^\d/.test(name))

describe('The rules of the format', () => {
  it.each(NAMES)('%s', async (name) => {
    const folder = join(FOLDER, name)
    const patchCase: PatchCase = JSON.parse(readFileSync(join(folder, 'case.json'), 'utf8'))
    await using directory = await tempDirectory()
    const root = join(directory.path, 'root')
    mkdirSync(root)
    setUp(folder, root, patchCase)
    const outcome = await play(folder, root, patchCase)
    expect(outcome).toEqual({
      exitCode: patchCase.exitCode,
      stdout: patchCase.stdout.replaceAll('{{ROOT}}', root),
      stderr: patchCase.stderr.replaceAll('{{ROOT}}', root),
    })
    expect(readTree(root)).toEqual(expectedTree(folder, patchCase))
    for (const [file, mode] of Object.entries(patchCase.expectedModes ?? {}))
      expect([file, modeOf(join(root, file))]).toEqual([file, mode])
  })
})

async function play(folder: string, root: string, { cwd = '.', nonRoot = false }: PatchCase) {
  const patch = readFileSync(join(folder, 'patch.txt'), 'utf8').replaceAll('{{ROOT}}', root)
  using _ = nonRoot ? asNobody(root) : undefined
  return await runPatch(patch, { cwd: realpathSync(join(root, cwd)), explain: false, lenient: false })
}

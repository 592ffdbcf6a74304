import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readTree } from '../support/patch-case.ts'
import { type RandomPatch, randomPatch } from '../support/random-patch.ts'
import { codexBinary } from './support/codex.ts'

/** How many patches are compared, and the seed of the first: `PATCHES=5000 SEED=7 npm run test:real -- patch`. */
const COUNT = Number(process.env.PATCHES ?? 500)
const SEED = Number(process.env.SEED ?? 1)
const CONCURRENT = 4

let folder: string
let theirs: readonly string[]

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'env-mcp-patches-'))
  // The program is the tool when it is called by the tool's name.
  theirs = [join(folder, 'apply_patch')]
  symlinkSync(await codexBinary('0.169.0'), theirs[0]!)
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('env-mcp apply-patch and codex', () => {
  it(`do the same with ${COUNT} random patches`, { timeout: 60_000 + COUNT * 500 }, async () => {
    const seeds = Array.from({ length: COUNT }, (_, at) => SEED + at).values()
    const different: number[] = []
    const codes = new Set<unknown>()
    const worker = async () => {
      for (const seed of seeds) {
        const patch = randomPatch(seed)
        const [ours, codex] = await Promise.all([play(OURS, patch, seed), play(theirs, patch, seed)])
        codes.add(codex.code)
        if (JSON.stringify(ours) !== JSON.stringify(codex)) different.push(seed)
      }
    }
    await Promise.all(Array.from({ length: CONCURRENT }, worker))
    expect(different).toEqual([])
    expect(codes).toEqual(new Set([0, 1]))
  })
})

const OURS = [process.execPath, join(process.cwd(), 'dist/bin.js'), 'apply-patch']

/** Applies a patch in a directory of its own; gives all there is to see of it. */
async function play(command: readonly string[], { files, patch }: RandomPatch, seed: number) {
  const root = join(folder, `${command.length}-${seed}`)
  mkdirSync(root)
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), text)
  }
  const outcome = await run(command, patch, root)
  const tree = readTree(root)
  rmSync(root, { recursive: true, force: true })
  return { ...outcome, tree: Object.entries(tree).sort() }
}

function run([program, ...args]: readonly string[], patch: string, cwd: string) {
  return new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) => {
    const child = execFile(program!, [...args, patch], { cwd }, (error, stdout, stderr) => {
      const named = (text: string) => text.replaceAll(cwd, '{{ROOT}}')
      resolve({ code: error ? error.code : 0, stdout: named(stdout), stderr: named(stderr) })
    })
    child.stdin?.end()
  })
}

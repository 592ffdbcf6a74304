import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'

/** A program of `test/fixtures`, built so that Node can run it. Disposing deletes it. */
export interface BuiltFixture extends AsyncDisposable {
  readonly path: string
}

/** Bundles a TypeScript program that a test spawns. `entry` is relative to the root of the project. */
export async function buildFixture(entry: string): Promise<BuiltFixture> {
  const directory = await mkdtemp(join(tmpdir(), 'env-mcp-fixture-'))
  const path = join(directory, 'program.mjs')
  await build({
    entryPoints: [entry],
    outfile: path,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    packages: 'external',
    logLevel: 'error',
  })
  return { path, [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) }
}

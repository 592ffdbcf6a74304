// `npm run test:faults [SEED] [N]`: random schedules of calls and faults through the built program; --help tells the rest.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

const cache = join(process.cwd(), 'node_modules', '.cache')
mkdirSync(cache, { recursive: true })
// As deep below the project as the tests' own support is below it, since that finds the fetched codex by its own place.
const outdir = mkdtempSync(join(cache, 'faults-'))
try {
  // The program is copied, so that a build that comes in between changes nothing.
  cpSync('dist', join(outdir, 'dist'), { recursive: true })
  await build({
    entryPoints: ['test/faults/main.ts'],
    outdir,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    packages: 'external',
    outExtension: { '.js': '.mjs' },
    logLevel: 'warning',
  })
  const program = `--program=${join(outdir, 'dist', 'bin.js')}`
  const args = [join(outdir, 'main.mjs'), ...process.argv.slice(2), program]
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' })
  process.exitCode = status ?? 1
} finally {
  rmSync(outdir, { recursive: true, force: true })
}

// `npm run bench [NAME…]`: bundles the benchmarks (Node 20 runs no TypeScript) and runs them in a fresh process.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

const outdir = mkdtempSync(join(process.cwd(), 'node_modules', '.bench-'))
try {
  await build({
    // The machines of the gateway's are a process of their own.
    entryPoints: ['bench/main.ts', 'bench/gateway-machine.ts'],
    outdir,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    packages: 'external',
    outExtension: { '.js': '.mjs' },
    logLevel: 'warning',
  })
  const { status } = spawnSync(process.execPath, [join(outdir, 'main.mjs'), ...process.argv.slice(2)], {
    stdio: 'inherit',
  })
  process.exitCode = status ?? 1
} finally {
  rmSync(outdir, { recursive: true, force: true })
}

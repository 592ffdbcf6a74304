// Builds dist/: the program (bin.js and the chunks it loads when needed), the library face and its types.
import { execFileSync } from 'node:child_process'
import { chmodSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { build } from 'esbuild'
import { gatherStart } from './gather-start.mjs'

const withTypes = !process.argv.includes('--no-types')
const { version } = createRequire(import.meta.url)('../package.json')

if (withTypes) rmSync('dist', { recursive: true, force: true })

const options = {
  bundle: true,
  splitting: true,
  // Names stay as they are written: stacks in the log can be read, and esbuild's own way to keep them costs 5 ms of start.
  minifyWhitespace: true,
  minifySyntax: true,
  sourcemap: 'linked',
  sourcesContent: false,
  legalComments: 'none',
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  define: { __VERSION__: JSON.stringify(version) },
  // Native and optional: found in node_modules when it is there (see src/executor/pty.ts).
  external: ['@lydell/node-pty'],
  // CommonJS dependencies (ws, pino, yargs) ask for Node's own modules through require; making one costs 0.1 ms a file.
  banner: {
    js: "import { createRequire as __cr } from 'node:module'; let __r; const require = (id) => (__r ??= __cr(import.meta.url))(id);",
  },
  logLevel: 'warning',
}

await build({
  ...options,
  entryPoints: ['src/index.ts'],
  outdir: 'dist',
  chunkNames: 'library/[name]-[hash]',
})

// Built aside, so that a program that runs from dist/ meanwhile never meets a half of this one.
const aside = `dist.${process.pid}`
try {
  const { metafile } = await build({
    ...options,
    entryPoints: ['src/bin.ts'],
    outdir: aside,
    chunkNames: 'chunks/[name]-[hash]',
    metafile: true,
  })
  await gatherStart({ from: aside, to: 'dist', entry: 'bin.js', metafile })
} finally {
  rmSync(aside, { recursive: true, force: true })
}
chmodSync('dist/bin.js', 0o755)

if (withTypes) {
  const args = ['-p', 'tsconfig.build.json']
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', ...args], { stdio: 'inherit' })
}

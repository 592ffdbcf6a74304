import { writeFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { build } from 'esbuild'

/**
 * Puts the chunks that an entry imports at once into its own file: Node loads files one by one, and each costs the start
 * of the program 1 ms. What is loaded later shares code with them; so in the place of each chunk stays a file that hands
 * on the entry's own. (The entry must not wait at its top level for something that loads them: it would wait for itself.)
 */
export async function gatherStart(entry, { outputs }) {
  const chunks = [...startChunks(entry, outputs)].map((path, index) => ({ path, index, names: outputs[path].exports }))
  const handedOn = chunks.map(({ path, index, names }) => {
    const list = names.map((name) => `${name} as c${index}_${name}`)
    return `export { ${list} } from './${path.slice(dirname(entry).length + 1)}'`
  })
  await build({
    stdin: { contents: [...handedOn, `import './${basename(entry)}'`].join('\n'), resolveDir: dirname(entry) },
    outfile: entry,
    allowOverwrite: true,
    bundle: true,
    minifyWhitespace: true,
    banner: { js: '#!/usr/bin/env node' },
    sourcemap: 'linked',
    sourcesContent: false,
    platform: 'node',
    format: 'esm',
    plugins: [{ name: 'later', setup: leaveDynamicImports }],
  })
  for (const { path, index, names } of chunks) {
    const list = names.map((name) => `c${index}_${name} as ${name}`)
    writeFileSync(path, `export { ${list} } from '../${basename(entry)}'\n`)
  }
}

/** The chunks that are loaded before the entry itself runs. */
function startChunks(entry, outputs, found = new Set()) {
  for (const { path, kind } of outputs[entry]?.imports ?? []) {
    if (kind !== 'import-statement' || !outputs[path] || found.has(path)) continue
    found.add(path)
    startChunks(path, outputs, found)
  }
  return found
}

/** All of ours lie in one folder, so that their paths are the same from wherever they were imported. */
function leaveDynamicImports(build) {
  build.onResolve({ filter: /./ }, ({ kind, path }) => {
    if (kind !== 'dynamic-import') return undefined
    return { path: path.startsWith('.') ? `./chunks/${basename(path)}` : path, external: true }
  })
}

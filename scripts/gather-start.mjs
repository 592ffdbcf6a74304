import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { build } from 'esbuild'

/**
 * Moves a program that esbuild has split from `from` to `to`, and puts the chunks that its entry imports at once into the
 * entry itself: Node loads files one by one, and each costs the start 1 ms. Code that is loaded later shares parts with
 * them, so in the place of each such chunk stays a file that hands on the entry's. (That is why the entry must not await
 * at its top level what loads them: it would wait for itself.)
 */
export async function gatherStart({ from, to, entry, metafile: { outputs } }) {
  const main = join(from, entry)
  const chunks = [...importedAtOnce(main, outputs)].map((path, index) => ({
    path,
    // Each name once more, so that no two chunks have the same.
    names: outputs[path].exports.map((name) => ({ name, unique: `c${index}_${name}` })),
  }))
  await gather(chunks, main, join(to, entry))
  mkdirSync(join(to, 'chunks'), { recursive: true })
  for (const path of Object.keys(outputs)) {
    const target = join(to, relative(from, path))
    const gathered = chunks.find((chunk) => path === chunk.path || path === `${chunk.path}.map`)
    if (!gathered && dirname(path) !== from) renameSync(path, target)
    else if (path === gathered?.path) writeFileSync(target, handOn(gathered, entry))
  }
}

/** The entry and its chunks in one file, which also exports all that the chunks export. */
async function gather(chunks, main, outfile) {
  const exported = chunks.map(({ path, names }) => {
    const list = names.map(({ name, unique }) => `${name} as ${unique}`)
    return `export { ${list} } from ${JSON.stringify(`./${relative(dirname(main), path)}`)}`
  })
  await build({
    stdin: { contents: [...exported, `import './${basename(main)}'`].join('\n'), resolveDir: dirname(main) },
    outfile,
    bundle: true,
    minifyWhitespace: true,
    sourcemap: 'linked',
    sourcesContent: false,
    platform: 'node',
    format: 'esm',
    banner: { js: '#!/usr/bin/env node' },
    plugins: [{ name: 'later', setup: leaveDynamicImports }],
    logLevel: 'warning',
  })
}

function handOn({ names }, entry) {
  return `export { ${names.map(({ name, unique }) => `${unique} as ${name}`)} } from '../${entry}'\n`
}

/** The chunks that are loaded before the entry runs. */
function importedAtOnce(path, outputs, found = new Set()) {
  for (const { path: next, kind } of outputs[path].imports) {
    if (kind !== 'import-statement' || !outputs[next] || found.has(next)) continue
    found.add(next)
    importedAtOnce(next, outputs, found)
  }
  return found
}

/** All chunks lie in one folder, so their paths are the same from wherever they were imported. */
function leaveDynamicImports(build) {
  build.onResolve({ filter: /./ }, ({ kind, path }) => {
    if (kind !== 'dynamic-import') return undefined
    return { path: path.startsWith('.') ? `./chunks/${basename(path)}` : path, external: true }
  })
}

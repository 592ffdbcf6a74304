// `npm run test:conformance [CORPUS.tar.gz]`: the built `env-mcp apply-patch` against cases that codex itself has labelled. They
// lie beside the project, not in it; without them there is nothing to run. Ends with 1 when a case differs that is not named here,
// or when one that is named does not differ any more.
import { execFileSync, spawn } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'

/** Where ours differs on purpose (README, "Where ours differs"), and the cases that touch it. */
const ON_PURPOSE = {
  'a rename without hunks is a rename': ['oracle/397-mv-no-hunks', '101-113'],
  'a move to itself never deletes the file': [
    'oracle/402-mv-self',
    ...['101-29', '101-31', '101-273', '101-582', '101-707', '101-777', '101-799', '101-870', '101-883'],
    ...['101-908', '101-933', '101-993', '101-1546', '101-1653', '101-1870', '101-1877', '101-1920'],
  ],
}

/** The random cases are many small processes: they are checked in as many parts at a time. */
const PARTS = 2

const corpus = resolve(process.argv[2] ?? '../shared/apply-patch/corpus.tar.gz')
if (existsSync(corpus)) process.exitCode = (await conforms()) ? 0 : 1
else console.log(`No corpus at ${corpus}: nothing to compare with`)

async function conforms() {
  const folder = mkdtempSync(join(tmpdir(), 'env-mcp-conformance-'))
  try {
    execFileSync('tar', ['-xzf', corpus, '-C', folder])
    const [name] = readdirSync(folder)
    const root = join(folder, name)
    // Some cases run as another user, who may not read where the project lies.
    cpSync('dist', join(folder, 'dist'), { recursive: true })
    chmodSync(folder, 0o755)
    return judge(await differingCases(root, [process.execPath, join(folder, 'dist/bin.js'), 'apply-patch']))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function judge(differing) {
  const named = Object.values(ON_PURPOSE).flat()
  const unexpected = differing.filter((name) => !named.includes(name))
  const agreeing = named.filter((name) => !differing.includes(name))
  for (const name of unexpected) console.log(`differs from codex: ${name}`)
  for (const name of agreeing) console.log(`does not differ, but is named here: ${name}`)
  console.log(`${differing.length} cases differ, ${named.length} of them on purpose`)
  return unexpected.length === 0 && agreeing.length === 0
}

/** The names of the cases in which the command does something else than codex. */
async function differingCases(root, command) {
  const checks = randomParts(root).map((part) =>
    run(join(root, 'fuzzcheck.mjs'), [part, '--show', '99999'], command),
  )
  const cases = run(join(root, 'check.mjs'), ['--set', 'all', '--show', '99999'], command)
  const [labelled, ...random] = await Promise.all([cases, ...checks])
  const names = [...labelled.matchAll(/^(?:FAIL|SKIP) (\S+?):?(?= |$)/gm)]
  return [...names, ...random.flatMap((output) => [...output.matchAll(/^(\d+-\d+) \w+$/gm)])].map(
    ([, name]) => name,
  )
}

/** Splits the random cases. */
function randomParts(root) {
  const folder = join(root, 'corpus', 'fuzz')
  const lines = readdirSync(folder).flatMap((file) =>
    readFileSync(join(folder, file), 'utf8').trim().split('\n'),
  )
  return Array.from({ length: PARTS }, (_, part) => {
    const path = join(root, `part-${part}.jsonl`)
    writeFileSync(path, lines.filter((_, at) => at % PARTS === part).join('\n'))
    return path
  })
}

async function run(script, args, command) {
  const child = spawn(process.execPath, [script, ...args, '--', ...command], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const output = await text(child.stdout)
  const summary = /^\d+ (?:pass|cases), .*$/m.exec(output)?.[0]
  if (!summary) throw new Error(`"${script}" said nothing of a result: ${output.slice(0, 500)}`)
  console.log(summary)
  return output
}

import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'

/** Who may import whom. A folder may always import itself and `util`. */
const TABLE: Readonly<Record<string, readonly string[]>> = {
  util: [],
  rpc: [],
  patch: [],
  host: [],
  credentials: [],
  environments: ['credentials'],
  protocol: ['rpc'],
  bridge: ['protocol', 'rpc', 'credentials'],
  executor: ['protocol', 'rpc', 'credentials'],
  gateway: ['rpc', 'credentials'],
  tools: ['host', 'protocol', 'patch', 'environments'],
  front: ['host'],
  app: [
    ...['rpc', 'patch', 'host', 'credentials', 'environments', 'protocol'],
    ...['bridge', 'executor', 'gateway', 'tools', 'front'],
  ],
  cli: ['app', 'executor', 'gateway', 'patch'],
  'bin.ts': ['cli'],
  'index.ts': ['app'],
}

/** The library face shows types of every folder; what it runs comes from `app` alone. */
const TYPES_OF_ALL = 'index.ts'

/** What the way from the program's start to the answer of `tools/list` may not load; each is loaded at first use. */
const LATE_FOLDERS = ['bridge', 'environments', 'executor', 'gateway', 'patch', 'protocol', 'rpc', 'tools']
const NEEDED = /^tools\/info\//
const LATE_PACKAGES = ['ws', 'pino', 'diff', 'yargs', 'picomatch', '@lydell/node-pty']

interface Import {
  readonly from: string
  /** A file of `src`, or the name of a package. */
  readonly to: string
  readonly kind: 'value' | 'type' | 'lazy'
}

const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => path.endsWith('.ts'))
const sources = new Map(files.map((file) => [file, readFileSync(join('src', file), 'utf8')]))
const imports = [...sources].flatMap(([file, text]) => importsOf(file, text))

describe('src', () => {
  it('has no folder that the table does not know', () => {
    expect(files.map(layerOf).filter((layer) => !(layer in TABLE))).toEqual([])
  })

  it('imports only what the table allows', () => {
    const wrong = imports.filter(({ from, to, kind }) => isFile(to) && !isAllowed(from, to, kind))
    expect(wrong.map(({ from, to }) => `${from} imports ${to}`)).toEqual([])
  })

  it('imports no file that is not there, each with its ending', () => {
    const relative = imports.filter(({ to }) => to.startsWith('.') || /^\w+\//.test(to) || to.endsWith('.ts'))
    expect(relative.filter(({ to }) => !sources.has(to)).map(({ from, to }) => `${from}: ${to}`)).toEqual([])
  })

  it('has no cycles among files', () => {
    const edges = edgesOf(imports.filter(({ to, kind }) => isFile(to) && kind !== 'type'))
    expect(cycleIn(edges)).toBeUndefined()
  })

  it('has no default exports', () => {
    const wrong = [...sources].filter(([, text]) => /^export default\b|\bas default\b/m.test(text))
    expect(wrong.map(([file]) => file)).toEqual([])
  })

  it('has no barrels but its own face and the table of tools', () => {
    const indexes = files.filter((file) => /(^|\/)index\.ts$/.test(file))
    expect(indexes.filter((file) => file !== 'index.ts' && file !== 'tools/index.ts')).toEqual([])
    const handsOn = [...sources].filter(
      ([file, text]) => file !== 'index.ts' && /^export\b[^'"]*?\bfrom\s*['"]/m.test(text),
    )
    expect(handsOn.map(([file]) => file)).toEqual([])
  })

  it('starts without what a list of tools does not need', () => {
    const loaded = loadedBy('bin.ts')
    expect(loaded.size).toBeGreaterThan(10)
    const late = [...loaded].filter(
      (to) => LATE_PACKAGES.includes(to) || (isFile(to) && LATE_FOLDERS.includes(layerOf(to))),
    )
    expect(late.filter((to) => !NEEDED.test(to))).toEqual([])
  })
})

describe('the table', () => {
  it('has no cycles', () => {
    expect(cycleIn(new Map(Object.entries(TABLE)))).toBeUndefined()
  })
})

describe('the checks', () => {
  it('see every kind of import', () => {
    const text = [
      "import 'ws'",
      "import type { A } from '../util/a.ts'",
      "import { type B } from './b.ts'",
      "import c, { type D } from './c.ts'",
      "import {\n  e,\n} from './e.ts'",
      "export { f } from './f.ts'",
      "const g = await import('./g.ts')",
      "type H = import('./h.ts').H",
    ].join('\n')
    expect(importsOf('app/x.ts', text).map(({ to, kind }) => `${kind} ${to}`)).toEqual([
      'value ws',
      'type util/a.ts',
      'type app/b.ts',
      'value app/c.ts',
      'value app/e.ts',
      'value app/f.ts',
      'lazy app/g.ts',
      'lazy app/h.ts',
    ])
  })

  it('refuse what the table does not allow', () => {
    expect(isAllowed('tools/shell.ts', 'bridge/pool.ts', 'type')).toBe(false)
    expect(isAllowed('tools/shell.ts', 'protocol/executor.ts', 'value')).toBe(true)
  })

  it('find a cycle', () => {
    const edges = new Map([
      ['a', ['b']],
      ['b', ['c']],
      ['c', ['b']],
    ])
    expect(cycleIn(edges)).toEqual(['b', 'c', 'b'])
  })
})

function importsOf(from: string, text: string): Import[] {
  const statement =
    /^(?:import|export)\s+(?:([^'"`;]*?)\s*\bfrom\s*)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/gm
  return [...text.matchAll(statement)].map(([, names, target, lazy]) => ({
    from,
    to: resolveTarget(from, (target ?? lazy)!),
    kind: lazy ? 'lazy' : isTypeOnly(names) ? 'type' : 'value',
  }))
}

function isTypeOnly(names: string | undefined): boolean {
  if (names === undefined) return false
  if (/^type\s/.test(names)) return true
  const braced = /^\{([\s\S]*)\}$/.exec(names.trim())?.[1]
  const parts = braced?.split(',').filter((part) => part.trim() !== '')
  return parts?.every((part) => /^\s*type\s/.test(part)) ?? false
}

function resolveTarget(from: string, target: string): string {
  return target.startsWith('.') ? normalize(join(dirname(from), target)).replaceAll('\\', '/') : target
}

function isFile(target: string): boolean {
  return sources.has(target)
}

function layerOf(file: string): string {
  return file.split('/')[0]!
}

function isAllowed(from: string, to: string, kind: Import['kind']): boolean {
  const [layer, other] = [layerOf(from), layerOf(to)]
  if (other === 'util' || other === layer) return true
  if (layer === TYPES_OF_ALL && kind === 'type') return true
  return TABLE[layer]?.includes(other) ?? false
}

function edgesOf(list: readonly Import[]): Map<string, string[]> {
  const edges = new Map<string, string[]>()
  for (const { from, to } of list) edges.set(from, [...(edges.get(from) ?? []), to])
  return edges
}

/** The files and packages that come with `entry`, before anything is asked for. */
function loadedBy(entry: string): Set<string> {
  const edges = edgesOf(imports.filter(({ kind }) => kind === 'value'))
  const loaded = new Set<string>([entry])
  for (const target of loaded) for (const next of edges.get(target) ?? []) loaded.add(next)
  return loaded
}

/** A way round from some node back to it. */
function cycleIn(edges: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>()
  const path: string[] = []
  const visit = (node: string): string[] | undefined => {
    if (path.includes(node)) return [...path.slice(path.indexOf(node)), node]
    if (done.has(node)) return undefined
    path.push(node)
    for (const next of edges.get(node) ?? []) {
      const cycle = visit(next)
      if (cycle) return cycle
    }
    path.pop()
    done.add(node)
    return undefined
  }
  for (const node of edges.keys()) {
    const cycle = visit(node)
    if (cycle) return cycle
  }
  return undefined
}

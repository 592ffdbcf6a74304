import {
  chmodSync,
  cpSync,
  existsSync,
  linkSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { dirname, join } from 'node:path'

/** What a folder of `test/fixtures/patch` says besides its files. `{{ROOT}}` stands for the directory it is played in. */
export interface PatchCase {
  /** The rules of the format that it shows. */
  readonly rules: readonly string[]
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
  /** Where the patch is applied, below the root. */
  readonly cwd?: string
  readonly symlinks?: Readonly<Record<string, string>>
  readonly hardlinks?: Readonly<Record<string, string>>
  readonly modes?: Readonly<Record<string, string>>
  /** The superuser would not see what it shows. */
  readonly nonRoot?: boolean
  readonly expectedLinks?: Readonly<Record<string, string>>
  readonly expectedModes?: Readonly<Record<string, string>>
  readonly emptyDirectories?: readonly string[]
}

/** Everything below a directory: bytes of files, `-> target` of links, `/` of directories that hold nothing. */
export type Tree = Readonly<Record<string, string>>

/** Puts the files of a case where it is to be played. */
export function setUp(folder: string, root: string, patchCase: PatchCase): void {
  if (existsSync(join(folder, 'input'))) cpSync(join(folder, 'input'), root, { recursive: true })
  for (const [name, to] of Object.entries(patchCase.symlinks ?? {})) symlinkSync(to, join(root, name))
  for (const [name, to] of Object.entries(patchCase.hardlinks ?? {}))
    linkSync(join(root, to), join(root, name))
  for (const [name, mode] of Object.entries(patchCase.modes ?? {}))
    chmodSync(join(root, name), Number.parseInt(mode, 8))
}

/** What a case wants to find at the end. */
export function expectedTree(folder: string, { expectedLinks = {}, emptyDirectories = [] }: PatchCase): Tree {
  const expected = join(folder, 'expected')
  return {
    ...(existsSync(expected) ? readTree(expected) : {}),
    ...Object.fromEntries(Object.entries(expectedLinks).map(([name, to]) => [name, `-> ${to}`])),
    ...Object.fromEntries(emptyDirectories.map((name) => [name, '/'])),
  }
}

export function readTree(root: string, below = ''): Tree {
  const tree: Record<string, string> = {}
  for (const entry of readdirSync(join(root, below), { withFileTypes: true })) {
    const name = join(below, entry.name)
    if (entry.isSymbolicLink()) tree[name] = `-> ${readlinkSync(join(root, name))}`
    else if (!entry.isDirectory()) tree[name] = readFileSync(join(root, name), 'latin1')
    else Object.assign(tree, orEmpty(name, readTree(root, name)))
  }
  return tree
}

function orEmpty(name: string, tree: Tree): Tree {
  return Object.keys(tree).length > 0 ? tree : { [name]: '/' }
}

/** The permission bits of a file, in octal. */
export function modeOf(path: string): string {
  return (statSync(path).mode & 0o7777).toString(8)
}

const NOBODY = 65534

/** Gives up the rights of the superuser until it is disposed, but keeps the right to write into a directory. */
export function asNobody(directory: string): Disposable {
  if (process.geteuid?.() !== 0) return { [Symbol.dispose]() {} }
  chmodSync(dirname(directory), 0o755)
  chmodSync(directory, 0o777)
  process.seteuid?.(NOBODY)
  return { [Symbol.dispose]: () => void process.seteuid?.(0) }
}

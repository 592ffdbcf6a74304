import {
  chmodSync,
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import fc from 'fast-check'

/** A directory as data: what is made of it at random is made again from its seed. */
export interface TreeNode {
  readonly name: Buffer
  readonly modifiedS: number
  readonly what:
    | { readonly kind: 'file'; readonly mode: number; readonly size: number; readonly fill: number }
    | { readonly kind: 'sparse'; readonly mode: number; readonly size: number }
    | { readonly kind: 'link'; readonly to: Buffer }
    | { readonly kind: 'directory'; readonly mode: number; readonly entries: readonly TreeNode[] }
}

/** Names of any bytes but `/` and NUL. */
const name = fc
  .oneof(
    fc.stringMatching(/^[a-z]{1,12}$/).map((text) => Buffer.from(text)),
    fc
      .constantFrom('-rf', '*', 'new\nline', 'back\\slash', ' ', '..x', '.hidden', 'ü☃', '$(id)', `quo'te"`)
      .map((text) => Buffer.from(text)),
    fc
      .uint8Array({ minLength: 1, maxLength: 20 })
      .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 0 || byte === 47 ? 1 : byte)))),
  )
  .filter((bytes) => !['.', '..'].includes(bytes.toString('latin1')))

const mode = fc.constantFrom(0o644, 0o600, 0o755, 0o400, 0o777, 0o640)
const file = fc.record({
  kind: fc.constant('file' as const),
  mode,
  size: fc.oneof(fc.constantFrom(0, 1, 65536), fc.nat(200_000)),
  fill: fc.nat(255),
})
const sparse = fc.record({
  kind: fc.constant('sparse' as const),
  mode,
  size: fc.integer({ min: 1_000_000, max: 5_000_000 }),
})
const link = fc.record({ kind: fc.constant('link' as const), to: name })

const { tree } = fc.letrec<{ tree: TreeNode[]; node: TreeNode }>((tie) => ({
  tree: fc.uniqueArray(tie('node'), { maxLength: 6, selector: (node) => node.name.toString('latin1') }),
  node: fc.record({
    name,
    modifiedS: fc.integer({ min: 1, max: 4_000_000_000 }),
    what: fc.oneof(
      { maxDepth: 4 },
      file,
      sparse,
      link,
      fc.record({
        kind: fc.constant('directory' as const),
        mode: fc.constantFrom(0o755, 0o700, 0o500),
        entries: tie('tree'),
      }),
    ),
  }),
}))

/** Trees of all depths, names, kinds, modes, times and sizes. */
export const randomTree: fc.Arbitrary<readonly TreeNode[]> = tree

/** Makes it in a directory that is there. */
export function plantTree(root: Buffer, entries: readonly TreeNode[]): void {
  for (const { name, modifiedS, what } of entries) {
    const path = Buffer.concat([root, Buffer.from('/'), name])
    switch (what.kind) {
      case 'link':
        symlinkSync(what.to, path)
        continue
      case 'file':
        writeFileSync(path, Buffer.alloc(what.size, what.fill))
        break
      case 'sparse':
        makeSparse(path, what.size)
        break
      case 'directory':
        mkdirSync(path)
        plantTree(path, what.entries)
    }
    utimesSync(path, modifiedS, modifiedS)
    chmodSync(path, what.mode)
  }
}

/** A hole, with a few bytes in its middle. */
export function makeSparse(path: string | Buffer, size: number): void {
  const file = openSync(path, 'w')
  ftruncateSync(file, size)
  writeSync(file, 'here', Math.floor(size / 2))
  closeSync(file)
}

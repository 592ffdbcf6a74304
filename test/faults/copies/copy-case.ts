import { Random } from '../random.ts'

/** What goes wrong in the middle of a copy from "a" to "b". */
export type Trouble =
  | { readonly kind: 'cut'; readonly end: 'a' | 'b' }
  /** It is started again after `downMs`. */
  | { readonly kind: 'killed'; readonly end: 'a' | 'b'; readonly downMs: number }
  | { readonly kind: 'server killed' | 'gateway restarted' }
  /** No file at "b" can become larger than `bytes`. */
  | { readonly kind: 'disk full'; readonly bytes: number }
  /** Where it goes to, nothing can be made or renamed any more; or a file lies there instead of the directory. */
  | { readonly kind: 'forbidden' | 'place taken' }
  | { readonly kind: 'source changed' | 'source gone' }

/** A copy, and what goes wrong in it. */
export interface CopyCase {
  readonly seed: number
  /** `direct`: within "b". */
  readonly transport: 'http' | 'ws' | 'direct'
  /** Sizes of the files, in bytes: one, or those of a directory. */
  readonly sizes: readonly number[]
  readonly isTree: boolean
  /** Something older lies at the destination: the file, or a directory with some of the files. */
  readonly replaces: boolean
  readonly trouble: Trouble
  /** The trouble comes when so much of it has arrived, 0 to 1. */
  readonly moment: number
}

/** The case of a seed: always the same. */
export function drawCopyCase(seed: number): CopyCase {
  const random = new Random(seed)
  const transport = random.weighted({ http: 5, ws: 5, direct: 1 })
  const isTree = random.chance(0.5)
  const sizes = isTree
    ? Array.from({ length: random.integer(2, 12) }, () => random.scale(1, 8_000_000))
    : [random.integer(4_000_000, 24_000_000)]
  const replaces = random.chance(0.4)
  const trouble = drawTrouble(random, Math.max(...sizes))
  return { seed, transport, sizes, isTree, replaces, trouble, moment: random.integer(0, 1000) / 1000 }
}

function drawTrouble(random: Random, largest: number): Trouble {
  const kind = random.weighted({
    ...{ cut: 2, killed: 2, 'server killed': 1, 'gateway restarted': 1 },
    ...{ 'disk full': 3, forbidden: 2, 'place taken': 2, 'source changed': 1, 'source gone': 1 },
  })
  switch (kind) {
    case 'cut':
      return { kind, end: random.pick(['a', 'b']) }
    case 'killed':
      return { kind, end: random.pick(['a', 'b']), downMs: random.scale(1, 3000) }
    case 'disk full':
      return { kind, bytes: random.integer(0, largest) }
    default:
      return { kind }
  }
}

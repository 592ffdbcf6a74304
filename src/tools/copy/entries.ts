import { pathFromBytes } from '../../protocol/paths.ts'

/** Something in a directory. */
export interface Entry {
  /** Relative to the directory, without `./`; empty for the directory itself. */
  readonly path: string
  readonly kind: 'file' | 'directory' | 'link' | 'special'
  readonly size: number
  /** s since 1970: what archives keep. */
  readonly modifiedS: number
}

/** Entries in an order of their own. Each time they are gone through they are made anew: nobody holds them all at once. */
export interface Entries extends Iterable<Entry> {
  readonly length: number
}

/** Entries as a machine prints them: lines "MODE SIZE TIME", then, from `namesAt` on, as many names, each ended by a NUL. */
export interface Batch {
  readonly length: number
  readonly bytes: Buffer
  readonly namesAt: number
}

/** All entries of a listing, kept as they were printed: some 60 bytes each, where objects would take 200. */
export class Listing implements Entries {
  readonly #batches: Batch[] = []
  #length = 0

  get length(): number {
    return this.#length
  }

  /** The batch's bytes are copied: they may be part of much more. */
  add({ length, bytes, namesAt }: Batch): void {
    this.#batches.push({ length, bytes: Buffer.from(bytes), namesAt })
    this.#length += length
  }

  *[Symbol.iterator](): Generator<Entry> {
    for (const batch of this.#batches) yield* entriesOf(batch)
  }
}

/** Those of some entries that are wanted: one byte for each there is. */
export class Selection implements Entries {
  readonly length: number
  readonly #of: Entries
  readonly #isIn: Uint8Array

  /** `isWanted` is asked once for each, in order. */
  constructor(of: Entries, isWanted: (entry: Entry) => boolean) {
    this.#of = of
    this.#isIn = new Uint8Array(of.length)
    let at = 0
    for (const entry of of) this.#isIn[at++] = isWanted(entry) ? 1 : 0
    this.length = this.#isIn.reduce((sum, one) => sum + one, 0)
  }

  *[Symbol.iterator](): Generator<Entry> {
    let at = 0
    for (const entry of this.#of) if (this.#isIn[at++] === 1) yield entry
  }
}

/** The entries of one batch. */
export function* entriesOf({ length, bytes, namesAt }: Batch): Generator<Entry> {
  let line = 0
  let name = namesAt
  for (let left = length; left > 0; left--) {
    const [lineEnd, nameEnd] = [bytes.indexOf('\n', line), bytes.indexOf(0, name)]
    // Cut as bytes: a text that was cut holds the whole one.
    const isBelow = bytes[name] === DOT && bytes[name + 1] === SLASH
    yield entryFrom(
      bytes.toString('latin1', line, lineEnd),
      pathFromBytes(bytes.subarray(isBelow ? name + 2 : name, nameEnd)),
    )
    line = lineEnd + 1
    name = nameEnd + 1
  }
}

function entryFrom(line: string, name: string): Entry {
  const [mode = '', size, modifiedS] = line.split(' ')
  return {
    path: name === '.' ? '' : name,
    kind: KINDS.get(Number.parseInt(mode, 16) & 0xf000) ?? 'special',
    size: Number(size),
    modifiedS: Number(modifiedS),
  }
}

const DOT = '.'.charCodeAt(0)
const SLASH = '/'.charCodeAt(0)

/** The kind in a mode, as POSIX systems have it. */
const KINDS = new Map<number, Entry['kind']>([
  [0x8000, 'file'],
  [0x4000, 'directory'],
  [0xa000, 'link'],
])

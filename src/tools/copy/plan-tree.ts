import { BridgeError } from '../../util/errors.ts'
import type { CopyChoices } from './copy-job.ts'
import type { Entry } from './listing.ts'

/** What is known of both ends before a directory is copied, by path. */
export interface TreeFacts {
  readonly source: readonly Entry[]
  /** What lies at the destination already, of what the source has. */
  readonly there: ReadonlyMap<string, Entry>
}

/** What a copy of a directory does. */
export interface TreePlan {
  /** What the copy consists of, parents before what is in them. */
  readonly selected: readonly Entry[]
  /** The selection is not all that the source has. */
  readonly isPart: boolean
  /** Files and links that will be replaced, and those left as they are. */
  readonly replaced: readonly string[]
  readonly skipped: readonly string[]
  /** Neither files, directories nor links: never copied. */
  readonly specialFiles: readonly string[]
  readonly excluded: number
  readonly files: number
  readonly bytes: number
}

/** Decides what is copied of a directory. Throws `conflict` when something would be replaced that must not, or cannot be. */
export function planTree(
  { source, there }: TreeFacts,
  { overwrite, isExcluded }: Pick<CopyChoices, 'overwrite' | 'isExcluded'>,
): TreePlan {
  const { kept, excluded, specialFiles } = sift(source, isExcluded)
  refuseOtherKinds(kept, there)
  const clashes = kept.filter(({ path, kind }) => kind !== 'directory' && there.has(path))
  if (overwrite === 'error' && clashes.length > 0) throw refuseClashes(clashes)
  const stays = ({ path, modifiedS }: Entry) =>
    overwrite === 'skip' || (overwrite === 'newer' && modifiedS <= there.get(path)!.modifiedS)
  const skipped = new Set(clashes.filter(stays))
  const selected = kept.filter((entry) => !skipped.has(entry))
  return {
    selected,
    isPart: selected.length + specialFiles.length < source.length,
    replaced: pathsOf(clashes.filter((entry) => !skipped.has(entry))),
    skipped: pathsOf([...skipped]),
    specialFiles,
    excluded,
    files: selected.filter(isFile).length,
    bytes: sizeOf(selected),
  }
}

/** What an earlier try has left to do: `partial` is what lies in its directory. */
export interface TreeRest {
  readonly toSend: readonly Entry[]
  /** Of these the files that it has begun: their entries at the source, and how many bytes of each are there. */
  readonly begun: ReadonlyMap<Entry, number>
  /** What does not belong to the copy. */
  readonly stale: readonly Entry[]
  readonly resumedBytes: number
}

/** Decides what need not be sent again, and what must go. */
export function restOf({ selected, bytes }: TreePlan, partial: readonly Entry[]): TreeRest {
  if (partial.length === 0) return { toSend: selected, begun: new Map(), stale: [], resumedBytes: 0 }
  const there = new Map(partial.map((entry) => [entry.path, entry]))
  const kinds = new Map(selected.map(({ path, kind }) => [path, kind]))
  const toSend = selected.filter((entry) => !isWhole(entry, there.get(entry.path)))
  const begun = new Map<Entry, number>()
  for (const entry of toSend) {
    const earlier = there.get(entry.path)
    // One that has all its bytes may lack only its time.
    if (isFile(entry) && earlier?.kind === 'file' && earlier.size <= entry.size)
      begun.set(entry, earlier.size)
  }
  const stale = partial.filter(({ path, kind }) => kinds.get(path) !== kind)
  return { toSend, begun, stale, resumedBytes: bytes - sizeOf(toSend) }
}

/** Leaves out what is excluded, with all in it, and what cannot be copied. */
function sift(source: readonly Entry[], isExcluded: (path: string) => boolean) {
  const kept: Entry[] = []
  const specialFiles: string[] = []
  let excluded = 0
  let closed: string | undefined
  for (const entry of source) {
    const { path, kind } = entry
    const isIn = closed !== undefined && path.startsWith(closed)
    if (isIn || (path !== '' && isExcluded(path))) {
      excluded++
      if (!isIn && kind === 'directory') closed = `${path}/`
    } else if (kind === 'special') specialFiles.push(path)
    else kept.push(entry)
  }
  return { kept, excluded, specialFiles }
}

/** Archives keep times to the second, and give them when a file has all its bytes. */
function isWhole({ kind, size, modifiedS }: Entry, there: Entry | undefined): boolean {
  return kind === 'file' && there?.kind === 'file' && there.size === size && there.modifiedS === modifiedS
}

/** What a link at the destination stands for is not known here. */
function refuseOtherKinds(kept: readonly Entry[], there: ReadonlyMap<string, Entry>): void {
  for (const { path, kind } of kept) {
    const other = there.get(path)?.kind ?? kind
    if (other === 'link' || (kind === 'directory') === (other === 'directory')) continue
    const [here, beyond] = kind === 'directory' ? ['', 'not '] : ['not ', '']
    throw new BridgeError(
      'conflict',
      `"./${path}" is ${here}a directory in the source and ${beyond}a directory there: remove it first, or exclude it`,
    )
  }
}

function refuseClashes(clashes: readonly Entry[]): BridgeError {
  const names = pathsOf(clashes)
    .slice(0, 5)
    .map((path) => JSON.stringify(path))
  const more = clashes.length > names.length ? ` and ${clashes.length - names.length} more` : ''
  return new BridgeError(
    'conflict',
    `${names.join(', ')}${more} ${clashes.length === 1 ? 'is' : 'are'} there already: nothing was copied, "overwrite" says what to do`,
  )
}

function pathsOf(entries: readonly Entry[]): string[] {
  return entries.map(({ path }) => path).sort()
}

function isFile({ kind }: Entry): boolean {
  return kind === 'file'
}

function sizeOf(entries: readonly Entry[]): number {
  return entries.filter(isFile).reduce((sum, { size }) => sum + size, 0)
}

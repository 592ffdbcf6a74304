import { BridgeError } from '../../util/errors.ts'
import type { CopyChoices } from './copy-job.ts'
import { type Entries, type Entry, Selection } from './entries.ts'
import { SomeNames } from './some-names.ts'

/** What is known of both ends before a directory is copied. */
export interface TreeFacts {
  readonly source: Entries
  /** What lies at the destination already, of what the source has, in its order. */
  readonly there: Entries
}

/** What a copy of a directory does. */
export interface TreePlan {
  /** What the copy consists of, parents before what is in them. */
  readonly selected: Entries
  /** The selection is not all that the source has. */
  readonly isPart: boolean
  /** Files and links that will be replaced, and those left as they are. */
  readonly replaced: SomeNames
  readonly skipped: SomeNames
  /** Neither files, directories nor links: never copied. */
  readonly specialFiles: SomeNames
  readonly excluded: number
  readonly files: number
  readonly bytes: number
}

type Choices = Pick<CopyChoices, 'overwrite' | 'isExcluded'>

/** Decides what is copied of a directory. Throws `conflict` when something would be replaced that must not, or cannot be. */
export function planTree({ source, there }: TreeFacts, choices: Choices): TreePlan {
  const sifting = new Sifting(there, choices)
  const selected = new Selection(source, (entry) => sifting.takes(entry))
  const { replaced, skipped, specialFiles, excluded, files, bytes } = sifting
  if (choices.overwrite === 'error' && replaced.count > 0) throw refuseClashes(replaced)
  // Special files too: to remove them after would change the time of their directory.
  const isPart = selected.length < source.length
  return { selected, isPart, replaced, skipped, specialFiles, excluded, files, bytes }
}

/** A file that an earlier try has begun: its entry at the source, and how many bytes of it are there. */
export interface BegunFile {
  readonly entry: Entry
  readonly bytes: number
}

/** What an earlier try has left to do: `partial` is what lies in its directory. */
export interface TreeRest {
  readonly toSend: Entries
  /** Of these the files that it has begun. */
  readonly begun: readonly BegunFile[]
  /** What does not belong to the copy. */
  readonly stale: Iterable<Entry>
  readonly resumedBytes: number
}

/** Decides what need not be sent again, and what must go. */
export function restOf({ selected }: TreePlan, partial: Entries): TreeRest {
  if (partial.length === 0) return { toSend: selected, begun: [], stale: [], resumedBytes: 0 }
  const left = new Map([...partial].map((entry) => [entry.path, entry]))
  const begun: BegunFile[] = []
  let resumedBytes = 0
  const toSend = new Selection(selected, (entry) => {
    const earlier = left.get(entry.path)
    if (earlier?.kind !== entry.kind) return true
    left.delete(entry.path)
    const isDone = isWhole(entry, earlier)
    if (isDone) resumedBytes += entry.size
    // One that has all its bytes may lack only its time.
    else if (isFile(entry) && earlier.size <= entry.size) begun.push({ entry, bytes: earlier.size })
    return !isDone
  })
  return { toSend, begun, stale: left.values(), resumedBytes }
}

/** Leaves out what is excluded, with all in it, what cannot be copied, and what is not to be replaced; and counts. */
class Sifting {
  readonly replaced = new SomeNames()
  readonly skipped = new SomeNames()
  readonly specialFiles = new SomeNames()
  excluded = 0
  files = 0
  bytes = 0
  readonly #there: Iterator<Entry>
  readonly #choices: Choices
  #nextThere: Entry | undefined
  /** How the paths begin of what lies in the directory that was excluded last. */
  #closed: string | undefined

  constructor(there: Entries, choices: Choices) {
    this.#there = there[Symbol.iterator]()
    this.#choices = choices
    this.#nextThere = this.#there.next().value
  }

  /** To be asked of each entry of the source in order. */
  takes(entry: Entry): boolean {
    const there = this.#thereOf(entry)
    if (this.#excludes(entry)) {
      this.excluded++
      return false
    }
    if (entry.kind === 'special') {
      this.specialFiles.add(entry.path)
      return false
    }
    if (there && !this.#replaces(entry, there)) return false
    if (isFile(entry)) {
      this.files++
      this.bytes += entry.size
    }
    return true
  }

  #thereOf({ path }: Entry): Entry | undefined {
    if (this.#nextThere?.path !== path) return undefined
    const there = this.#nextThere
    this.#nextThere = this.#there.next().value
    return there
  }

  #excludes({ path, kind }: Entry): boolean {
    if (this.#closed !== undefined && path.startsWith(this.#closed)) return true
    if (path === '' || !this.#choices.isExcluded(path)) return false
    if (kind === 'directory') this.#closed = `${path}/`
    return true
  }

  /** Directories are gone into; files and links are replaced, or left as they are. */
  #replaces(entry: Entry, there: Entry): boolean {
    refuseOtherKind(entry, there)
    if (entry.kind === 'directory') return true
    const { overwrite } = this.#choices
    const stays = overwrite === 'skip' || (overwrite === 'newer' && entry.modifiedS <= there.modifiedS)
    const names = stays ? this.skipped : this.replaced
    names.add(entry.path)
    return !stays
  }
}

/** Archives keep times to the second, and give them when a file has all its bytes. */
function isWhole({ kind, size, modifiedS }: Entry, there: Entry): boolean {
  return kind === 'file' && there.size === size && there.modifiedS === modifiedS
}

/** What a link at the destination stands for is not known here. */
function refuseOtherKind({ path, kind }: Entry, there: Entry): void {
  if (there.kind === 'link' || (kind === 'directory') === (there.kind === 'directory')) return
  const [here, beyond] = kind === 'directory' ? ['', 'not '] : ['not ', '']
  throw new BridgeError(
    'conflict',
    `"./${path}" is ${here}a directory in the source and ${beyond}a directory there: remove it first, or exclude it`,
  )
}

function refuseClashes({ first, count }: SomeNames): BridgeError {
  const names = first.slice(0, 5).map((path) => JSON.stringify(path))
  const more = count > names.length ? ` and ${count - names.length} more` : ''
  return new BridgeError(
    'conflict',
    `${names.join(', ')}${more} ${count === 1 ? 'is' : 'are'} there already: nothing was copied, "overwrite" says what to do`,
  )
}

function isFile({ kind }: Entry): boolean {
  return kind === 'file'
}

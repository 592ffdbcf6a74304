import { mkdirSync, writeFileSync } from 'node:fs'
import { type Answer, isDoubtful } from '../answer.ts'
import type { EnvironmentName } from '../environments.ts'
import type { Random } from '../random.ts'
import { settle } from '../settle.ts'
import type { Stage } from '../stage.ts'
import {
  addFile,
  deleteFile,
  type FileChange,
  insertLine,
  type PatchSection,
  toldOf,
} from './patch-section.ts'

/** `apply_patch`: files that are added, changed, moved and deleted, in several steps. */
export interface PatchingStory {
  readonly kind: 'patching'
  readonly id: string
  readonly environment: EnvironmentName
  /** Of the file that is there at first. */
  readonly lines: number
  /** What each patch does, one section after the other. */
  readonly patches: readonly (readonly Edit[])[]
}

type Edit =
  | { readonly kind: 'add'; readonly lines: number }
  /** `place`: which of the files there are then, and where in it. */
  | { readonly kind: 'insert' | 'move' | 'delete'; readonly place: number }

/** How long a patch may take, in ms. */
const WAIT_MS = 60_000
/** How long a write whose caller was cut off may go on at the executor of a busy machine, in ms. */
const SETTLE_MS = 5000

export function drawPatching(random: Random, id: string, environment: EnvironmentName): PatchingStory {
  const drawEdit = (): Edit => {
    const kind = random.weighted({ insert: 6, add: 2, move: 1, delete: 1 })
    if (kind === 'add') return { kind, lines: random.scale(1, 3000) }
    return { kind, place: random.integer(0, 1_000_000) }
  }
  const drawPatch = () => Array.from({ length: random.scale(1, 3) }, drawEdit)
  return {
    kind: 'patching',
    id,
    environment,
    lines: random.scale(3, 3000),
    patches: Array.from({ length: random.scale(1, 6) }, drawPatch),
  }
}

/** Plays it: each file is what it was or what it was to be, and that is what the answer says. */
export async function playPatching(story: PatchingStory, stage: Stage): Promise<void> {
  await new PatchingPlay(story, stage).play()
}

class PatchingPlay {
  readonly #story: PatchingStory
  readonly #stage: Stage
  /** The files as they are, by path. */
  readonly #files = new Map<string, string>()
  #count = 0

  constructor(story: PatchingStory, stage: Stage) {
    this.#story = story
    this.#stage = stage
  }

  async play(): Promise<void> {
    const { id, environment, lines, patches } = this.#story
    const path = this.#newPath()
    this.#files.set(path, numbered(path, lines))
    mkdirSync(this.#stage.path(environment, id))
    writeFileSync(this.#stage.path(environment, path), numbered(path, lines))
    for (const edits of patches) await this.#apply(edits)
  }

  async #apply(edits: readonly Edit[]): Promise<void> {
    const { environment } = this.#story
    const taken = new Set<string>()
    const sections = edits.flatMap((edit) => this.#plan(edit, taken) ?? [])
    if (sections.length === 0) return
    const patch = ['*** Begin Patch', ...sections.map(({ text }) => text), '*** End Patch'].join('\n')
    const answer = await this.#stage.call('apply_patch', { environment_id: environment, patch }, WAIT_MS)
    for (const section of sections) await this.#check(section, answer)
  }

  /** A section; none when there is no file left that has no section in this patch yet. */
  #plan(edit: Edit, taken: Set<string>): PatchSection | undefined {
    if (edit.kind === 'add') {
      const path = this.#newPath()
      return addFile(path, numbered(path, edit.lines))
    }
    const free = [...this.#files].filter(([path]) => !taken.has(path))
    const [path, text] = free[edit.place % free.length] ?? []
    if (path === undefined || text === undefined) return undefined
    taken.add(path)
    if (edit.kind === 'delete') return deleteFile(path, text)
    const to = edit.kind === 'move' ? this.#newPath() : undefined
    return insertLine(path, text, { place: edit.place, added: `inserted ${++this.#count}`, to })
  }

  async #check({ path, changes }: PatchSection, answer: Answer): Promise<void> {
    const isBroken = (change: FileChange) => {
      const text = this.#read(change)
      const isHalfMoved = !this.#stage.traits.renames && text !== undefined && text === change.between
      return text !== change.before && text !== change.after && !isHalfMoved
    }
    for (const change of await settle(() => changes.filter(isBroken), SETTLE_MS)) {
      const end = JSON.stringify(this.#read(change)?.slice(-60))
      this.#stage.violate(
        'file',
        `${change.path} is neither what it was nor what it was to be; its end: ${end}`,
      )
    }
    this.#checkTold(toldOf(answer, path), path, changes)
    for (const change of changes) this.#note(change)
  }

  #checkTold(told: { isOk: boolean; text: string }, path: string, changes: readonly FileChange[]): void {
    const what = `apply_patch of ${path}`
    const isDone = changes.every((change) => this.#read(change) === change.after)
    const isUntouched = changes.every((change) => this.#read(change) === change.before)
    if (!told.isOk) this.#stage.failed(what, told.text, this.#story.environment)
    if (told.isOk && !isDone) this.#stage.violate('untruth', `${what} was not done, and says: ${told.text}`)
    if (!told.isOk && !isUntouched && !isDoubtful(told.text))
      this.#stage.violate('untruth', `${what} changed it, and says: ${told.text}`)
  }

  /** Goes on with what is there, whatever it was to be. */
  #note(change: FileChange): void {
    const text = this.#read(change)
    if (text === undefined) this.#files.delete(change.path)
    else this.#files.set(change.path, text)
  }

  #read({ path }: FileChange): string | undefined {
    return this.#stage.read(this.#story.environment, path)
  }

  #newPath(): string {
    return `${this.#story.id}/${++this.#count}`
  }
}

function numbered(path: string, lines: number): string {
  return Array.from({ length: lines }, (_, n) => `${path} line ${n + 1}\n`).join('')
}

import { mkdirSync, writeFileSync } from 'node:fs'
import { type Answer, isDoubtful } from '../answer.ts'
import type { EnvironmentName } from '../environments.ts'
import type { Random } from '../random.ts'
import type { Stage } from '../stage.ts'

/** `apply_patch`: files that are added, changed, moved and deleted again, in several steps. */
export interface PatchingStory {
  readonly kind: 'patching'
  readonly id: string
  readonly environment: EnvironmentName
  /** Of the first file, from 3. */
  readonly lines: number
  /** What each patch does, one section after the other. */
  readonly patches: readonly (readonly Edit[])[]
}

type Edit =
  | { readonly kind: 'add'; readonly lines: number }
  /** `place`: which file, and after which of its lines, of those there are then. */
  | { readonly kind: 'insert' | 'move' | 'delete'; readonly place: number }

/** How long a patch may take, in ms. */
const WAIT_MS = 60_000

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

type Content = string | undefined

/** What one section is to do: the files it concerns, before and after. */
interface Section {
  readonly text: string
  readonly path: string
  readonly before: ReadonlyMap<string, Content>
  readonly after: ReadonlyMap<string, Content>
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
    const path = `${id}/0`
    const text = numbered(id, lines)
    mkdirSync(this.#stage.path(environment, id))
    writeFileSync(this.#stage.path(environment, path), text)
    this.#files.set(path, text)
    for (const edits of patches) await this.#apply(edits)
  }

  async #apply(edits: readonly Edit[]): Promise<void> {
    const taken = new Set<string>()
    const sections = edits.flatMap((edit) => this.#plan(edit, taken) ?? [])
    if (sections.length === 0) return
    const patch = ['*** Begin Patch', ...sections.map(({ text }) => text), '*** End Patch'].join('\n')
    const args = { environment_id: this.#story.environment, patch }
    const answer = await this.#stage.call('apply_patch', args, WAIT_MS)
    for (const section of sections) this.#check(section, answer)
  }

  /** A section, unless its file has one in this patch already, or there is no file to change. */
  #plan(edit: Edit, taken: Set<string>): Section | undefined {
    if (edit.kind === 'add') {
      const path = this.#newPath()
      const text = numbered(path, edit.lines)
      return section(`*** Add File: ${path}\n${prefixed('+', text)}`, path, [[path, undefined, text]])
    }
    const path = [...this.#files.keys()]
      .filter((one) => !taken.has(one))
      .at(edit.place % (this.#files.size || 1))
    if (path === undefined) return undefined
    taken.add(path)
    const text = this.#files.get(path)!
    if (edit.kind === 'delete') return section(`*** Delete File: ${path}`, path, [[path, text, undefined]])
    const { hunk, changed } = this.#insert(text, edit.place)
    if (edit.kind === 'insert')
      return section(`*** Update File: ${path}\n${hunk}`, path, [[path, text, changed]])
    const to = this.#newPath()
    return section(`*** Update File: ${path}\n*** Move to: ${to}\n${hunk}`, path, [
      [path, text, undefined],
      [to, undefined, changed],
    ])
  }

  /** A new line between two old ones, none of which is there twice. */
  #insert(text: string, place: number): { hunk: string; changed: string } {
    const lines = text.split('\n').slice(0, -1)
    const at = 1 + (place % Math.max(1, lines.length - 1))
    const added = `inserted ${++this.#count}`
    const context = (line: string | undefined) => (line === undefined ? [] : [` ${line}`])
    const hunk = ['@@', ...context(lines[at - 1]), `+${added}`, ...context(lines[at])].join('\n')
    return { hunk, changed: [...lines.slice(0, at), added, ...lines.slice(at), ''].join('\n') }
  }

  #newPath(): string {
    return `${this.#story.id}/${++this.#count}`
  }

  #check({ path, before, after }: Section, answer: Answer): void {
    const { environment, id } = this.#story
    const is = new Map([...before.keys()].map((one) => [one, this.#stage.read(environment, one)]))
    for (const [one, content] of is) {
      if (content === undefined) this.#files.delete(one)
      else this.#files.set(one, content)
      if (content !== before.get(one) && content !== after.get(one))
        this.#stage.violate(
          'file',
          `${one} is neither what it was nor what it was to be: ${describe(content)}`,
        )
    }
    const isDone = [...is].every(([one, content]) => content === after.get(one))
    const isUntouched = [...is].every(([one, content]) => content === before.get(one))
    const told = toldOf(answer, path)
    if (told.isOk && !isDone)
      this.#stage.violate('untruth', `apply_patch of ${id} says that ${path} is ok, and it is not`)
    if (told.isOk) return
    this.#stage.failed(`apply_patch of ${path}`, told.text, environment)
    if (!isUntouched && !isDoubtful(told.text))
      this.#stage.violate(
        'untruth',
        `apply_patch of ${id} changed ${path}, and says that it failed: ${told.text}`,
      )
  }
}

function section(text: string, path: string, files: [string, Content, Content][]): Section {
  return {
    text,
    path,
    before: new Map(files.map(([one, before]) => [one, before])),
    after: new Map(files.map(([one, , after]) => [one, after])),
  }
}

/** What the answer says of one section: its own line, or what it says of all. */
function toldOf({ texts }: Answer, path: string): { isOk: boolean; text: string } {
  const lines = texts.join('\n').split('\n')
  const own = lines.find(
    (line) => line.slice(2).startsWith(`${path}:`) || line.slice(2).startsWith(`${path} → `),
  )
  return { isOk: own?.endsWith(': ok') ?? false, text: own ?? texts.join('\n') }
}

function numbered(id: string, lines: number): string {
  return Array.from({ length: lines }, (_, n) => `${id} line ${n + 1}\n`).join('')
}

function prefixed(prefix: string, text: string): string {
  return text.replace(/\n$/, '').replace(/^/gm, prefix)
}

function describe(content: Content): string {
  return content === undefined
    ? 'it is not there'
    : `${content.length} characters, ${JSON.stringify(content.slice(-60))} at the end`
}

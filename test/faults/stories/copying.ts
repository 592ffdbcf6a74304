import { appendFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { isDoubtful } from '../answer.ts'
import type { EnvironmentName } from '../environments.ts'
import type { Random } from '../random.ts'
import type { Stage } from '../stage.ts'

/** `copy_path`: a file or a directory, from one environment to the other or within one. */
export interface CopyingStory {
  readonly kind: 'copying'
  readonly id: string
  readonly from: EnvironmentName
  readonly to: EnvironmentName
  /** Sizes of the files, in bytes: one, or those of a directory. */
  readonly sizes: readonly number[]
  readonly isTree: boolean
  /** A file that is there already is replaced. */
  readonly replaces: boolean
  /** So many ms after its begin somebody writes to a file of the source; undefined: nobody. */
  readonly changesAfterMs: number | undefined
}

const TIMEOUT_MS = 60_000
const MAX_TRIES = 3

export function drawCopying(random: Random, id: string, from: EnvironmentName): CopyingStory {
  const isTree = random.chance(0.3)
  const to = random.chance(0.2) ? from : from === 'a' ? 'b' : 'a'
  const sizes = isTree
    ? Array.from({ length: random.scale(2, 12) }, () => random.scale(1, 200_000))
    : [random.scale(1, 4_000_000)]
  const replaces = !isTree && random.chance(0.4)
  const changesAfterMs = random.chance(0.25) ? random.scale(1, 3000) : undefined
  return { kind: 'copying', id, from, to, sizes, isTree, replaces, changesAfterMs }
}

/**
 * Plays it: at the destination is all of it, as it was at one time, or what was there before, and that is what the answer says. A
 * copy that failed is made again, which goes on from its partial file, and must leave the whole and nothing else.
 */
export async function playCopying(story: CopyingStory, stage: Stage): Promise<void> {
  const { id, from, to, isTree } = story
  const source = stage.path(from, `${id}.source`)
  const destination = stage.path(to, id)
  layOut(story, source, destination)
  const before = filesIn(destination)
  const versions = [filesIn(source)]
  using _ = changing(story, source, () => versions.push(filesIn(source)))
  const args = {
    source_environment_id: from,
    source_path: `${source}/copy`,
    destination_environment_id: to,
    destination_path: `${destination}/copy`,
    recursive: isTree,
    timeout_ms: TIMEOUT_MS,
  }
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const found = wholeIn(destination)
    const { texts, isError } = await stage.call('copy_path', args, TIMEOUT_MS)
    check(story, stage, { text: texts.join('\n'), isError, before, found, versions, destination })
    if (!isError) return
  }
}

interface Outcome {
  readonly text: string
  readonly isError: boolean
  readonly before: ReadonlyMap<string, Buffer>
  /** What this try found: after one whose outcome was not known, all of it may be there. */
  readonly found: ReadonlyMap<string, Buffer>
  /** What the source was and is. */
  readonly versions: readonly ReadonlyMap<string, Buffer>[]
  readonly destination: string
}

function check(
  story: CopyingStory,
  stage: Stage,
  { text, isError, before, found, versions, destination }: Outcome,
): void {
  const whole = wholeIn(destination)
  const isDone = versions.some((version) => isSame(whole, version))
  const what = `copy_path of ${story.id}`
  const isOfChange = versions.length > 1 && /the source changed|changed as we read it/.test(text)
  if (isError && !isOfChange) stage.failed(what, text, story.from, story.to)
  if (!isDone && !isSame(whole, before))
    stage.violate('file', `${what} left neither the whole nor what was there before: ${list(whole)}`)
  if (isDone === isError && !(isError && (isDoubtful(text) || isSame(whole, found))))
    stage.violate('untruth', `${what} was ${isDone ? '' : 'not '}done, and says: ${text}`)
  const left = filesIn(destination)
  if (!isError && whole.size < left.size) stage.violate('leak', `${what} left behind ${list(left)}`)
}

/** Writes to a file of the source at its time, unless it is disposed before. */
function changing({ changesAfterMs, isTree }: CopyingStory, source: string, changed: () => void): Disposable {
  const change = () => {
    appendFileSync(isTree ? `${source}/copy/0` : `${source}/copy`, 'one more line')
    changed()
  }
  const timer = changesAfterMs === undefined ? undefined : setTimeout(change, changesAfterMs)
  return { [Symbol.dispose]: () => clearTimeout(timer) }
}

function layOut({ id, sizes, isTree, replaces }: CopyingStory, source: string, destination: string): void {
  mkdirSync(isTree ? `${source}/copy` : source, { recursive: true })
  mkdirSync(destination)
  if (replaces) writeFileSync(`${destination}/copy`, 'old')
  for (const [n, size] of sizes.entries())
    writeFileSync(
      isTree ? `${source}/copy/${n}` : `${source}/copy`,
      Buffer.alloc(size, `${id} ${n} of a copy, `),
    )
}

/** All files under a directory, by their path in it. */
function filesIn(directory: string): Map<string, Buffer> {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  )
  const paths = entries.map(({ parentPath, name }) => `${parentPath}/${name}`)
  return new Map(paths.map((path) => [path.slice(directory.length + 1), readFileSync(path)]))
}

/** Those that are no partial copy. */
function wholeIn(directory: string): Map<string, Buffer> {
  return new Map([...filesIn(directory)].filter(([name]) => !name.includes('.partial')))
}

function isSame(some: ReadonlyMap<string, Buffer>, others: ReadonlyMap<string, Buffer>): boolean {
  return some.size === others.size && [...some].every(([name, bytes]) => others.get(name)?.equals(bytes))
}

function list(files: ReadonlyMap<string, Buffer>): string {
  return [...files].map(([name, { length }]) => `${name} (${length} bytes)`).join(', ') || 'nothing'
}

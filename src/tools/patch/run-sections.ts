import { applySection, type PatchTarget, type Updated } from '../../patch/apply.ts'
import type { Files } from '../../patch/files.ts'
import { groupsThatMeet } from '../../patch/groups.ts'
import { Overlay } from '../../patch/overlay.ts'
import type { FileOp } from '../../patch/patch.ts'
import { PatchError } from '../../patch/patch-error.ts'
import { ReadOnce } from '../../patch/read-once.ts'
import type { Seeker } from '../../patch/seek.ts'
import { BridgeError } from '../../util/errors.ts'
import { forEachOf } from './for-each-of.ts'
import { type OldText, readOldText } from './old-text.ts'

/** `each`: every section for itself; `atomic`: all or nothing; `dry-run`: nothing, but what would be. */
export type Mode = 'each' | 'atomic' | 'dry-run'

/** What became of a section: done (in a dry run: it would be); failed; or left alone, because of others. */
export type Outcome =
  | { readonly state: 'done'; readonly updated: Updated | undefined; readonly old: OldText }
  | { readonly state: 'failed'; readonly error: PatchError }
  | { readonly state: 'left' }

/** Groups of sections that are worked on at the same time. */
const CONCURRENT = 8

/** A group of sections that meet, in the order of the patch, and what is known of their files. */
interface Group {
  readonly sections: readonly number[]
  readonly files: ReadOnce
  readonly seekers: WeakMap<Uint8Array, Seeker>
}

/**
 * Applies the sections of a patch: those that meet in the order of the patch, each on the result of the one before, the others at the
 * same time. The outcomes are in the order of the patch.
 */
export async function runSections(
  ops: readonly FileOp[],
  target: PatchTarget,
  mode: Mode,
): Promise<readonly Outcome[]> {
  const names = await namesOf(ops, target)
  const groups = groupsThatMeet(names).map((sections): Group => {
    return { sections, files: new ReadOnce(target.files), seekers: new WeakMap() }
  })
  const patch = { ops, target, groups }
  switch (mode) {
    case 'each':
      return run(patch, FOR_REAL)
    case 'dry-run':
      return run(patch, ON_TRIAL)
    case 'atomic': {
      const planned = await run(patch, ON_TRIAL)
      if (!planned.some(isFailed)) return run(patch, { ...FOR_REAL, stopsAtFailure: true })
      return planned.map((outcome) => (isFailed(outcome) ? outcome : LEFT))
    }
  }
}

interface Pass {
  readonly stopsAtFailure: boolean
  filesOf(group: Group): Files
}

const FOR_REAL: Pass = { stopsAtFailure: false, filesOf: ({ files }) => files }
const ON_TRIAL: Pass = { stopsAtFailure: false, filesOf: ({ files }) => new Overlay(files) }
const LEFT: Outcome = { state: 'left' }

async function run(
  { ops, target, groups }: { ops: readonly FileOp[]; target: PatchTarget; groups: readonly Group[] },
  { filesOf, stopsAtFailure }: Pass,
): Promise<readonly Outcome[]> {
  const outcomes = ops.map(() => LEFT)
  let isStopped = false
  await forEachOf(groups, CONCURRENT, async (group) => {
    const own: PatchTarget = { ...target, files: filesOf(group), seekers: group.seekers }
    for (const section of group.sections) {
      if (isStopped) return
      const outcome = await runSection(own, ops[section]!)
      outcomes[section] = outcome
      isStopped ||= stopsAtFailure && isFailed(outcome)
    }
  })
  return outcomes
}

async function runSection(target: PatchTarget, op: FileOp): Promise<Outcome> {
  try {
    const old = await readOldText(target, op)
    return { state: 'done', updated: await applySection(target, op), old }
  } catch (reason) {
    return { state: 'failed', error: patchErrorFrom(reason) }
  }
}

function patchErrorFrom(reason: unknown): PatchError {
  if (reason instanceof PatchError) return reason
  const cause = BridgeError.from(reason)
  if (cause.code === 'internal') throw cause
  return new PatchError(cause.message, { cause })
}

function isFailed(outcome: Outcome): boolean {
  return outcome.state === 'failed'
}

/** What each section touches: its names as they are written, and those they lead to. One section meets nobody. */
async function namesOf(ops: readonly FileOp[], target: PatchTarget): Promise<string[][]> {
  const names: string[][] = ops.map(() => [])
  if (ops.length === 1) return names
  await forEachOf(ops, CONCURRENT, async (op, section) => {
    for (const path of op.kind === 'update' && op.newPath !== undefined ? [op.path, op.newPath] : [op.path])
      names[section]!.push(...(await namesOfPath(path, target)))
  })
  return names
}

async function namesOfPath(path: string, { files, resolve }: PatchTarget): Promise<string[]> {
  try {
    const written = resolve(path)
    return [written, await files.identify(written).catch(() => written)]
  } catch {
    // No name at all: the section will say so.
    return []
  }
}

import { createHash } from 'node:crypto'
import type { CopyJob } from './copy-job.ts'
import { type Entries, type Entry, entriesOf, Listing } from './entries.ts'
import { batchesOfTree, listNames, listTree } from './listing.ts'
import { withNames } from './names-file.ts'
import { planTree, type TreePlan } from './plan-tree.ts'

/** What a copy of a directory will do, and what the source was when that was decided. */
export interface TreeSurvey {
  readonly plan: TreePlan
  /** Another one when a file in the source has changed. */
  readonly version: string
}

/** Looks at the source, and at what of it lies at the destination already. Throws as `planTree`; writes nothing but a list. */
export async function surveyTree(job: CopyJob): Promise<TreeSurvey> {
  const { source, signal } = job
  const entries = await listTree(source.executor, source.path, { signal })
  const there = await listTarget(job, entries)
  return { plan: planTree({ source: entries, there }, job), version: new Version().add(entries).toString() }
}

async function listTarget({ target, signal }: CopyJob, entries: Entries): Promise<Entries> {
  const { executor, path, existing } = target
  if (!existing) return new Listing()
  return withNames(executor, entries, { signal }, (names) => listNames(executor, { path, names }, { signal }))
}

/** True when nothing in the source has changed since the survey. */
export async function isUnchanged({ source, signal }: CopyJob, { version }: TreeSurvey): Promise<boolean> {
  const now = new Version()
  for await (const batch of batchesOfTree(source.executor, source.path, { signal })) now.add(entriesOf(batch))
  return now.toString() === version
}

/** The time of a directory is that of its entries, which are here themselves; and programs touch it that change none. */
class Version {
  readonly #hash = createHash('sha256')

  add(entries: Iterable<Entry>): this {
    for (const { path, kind, size, modifiedS } of entries) {
      const rest = kind === 'directory' ? [] : [size, modifiedS]
      this.#hash.update(JSON.stringify([path, kind, ...rest]))
    }
    return this
  }

  /** In hex; ends it. */
  toString(): string {
    return this.#hash.digest('hex')
  }
}

import { count } from '../count.ts'
import { type CopyJob, type CopyOutcome, quotePlace, type Transfer } from './copy-job.ts'
import type { TreePlan } from './plan-tree.ts'
import type { SomeNames } from './some-names.ts'

/** What a copy did, in words: how much, how fast, from where to where, the sha256, and what else must be known. */
export function describeCopy(
  job: CopyJob,
  transfer: Transfer,
  outcome: CopyOutcome,
  elapsedMs: number,
): string {
  const { files, bytes, notes } = outcome
  const seconds = elapsedMs / 1000
  return [
    `Copied ${count(files, 'file')}, ${count(bytes, 'byte')}, in ${seconds.toFixed(2)} s (${rate(bytes, seconds)}), transport ${transfer.name}`,
    ...describeEnds(job),
    ...describeSum(job, outcome),
    ...(transfer.notes ?? []),
    ...notes,
  ].join('\n')
}

/** From where to where. */
export function describeEnds({ source, target }: CopyJob): string[] {
  return [`Source: ${quotePlace(source)}`, `Destination: ${quotePlace(target)}`]
}

function describeSum({ source, verify }: CopyJob, { files, sha256, isCompared }: CopyOutcome): string[] {
  const isTree = source.metadata.kind === 'directory'
  const what = `sha256${isTree ? ' of all names, links and contents' : ''}`
  if (sha256 && isCompared) return [`${what}: ${sha256} (the same at both ends)`]
  if (sha256) return [`${what}: ${sha256} (of what was sent; not read back, as verify is false)`]
  if (files === 0 && !isTree) return []
  if (!verify) return ['Not compared by sha256, as verify is false.']
  return ['Not compared by sha256: one of the machines has neither sha256sum nor shasum.']
}

/** What of a directory a copy leaves out, and why. */
export function describeLeftOut({ specialFiles, skipped, excluded }: TreePlan): string[] {
  return [
    ...(skipped.count > 0 ? [`Skipped, because they are there already: ${listNames(skipped)}.`] : []),
    ...(excluded > 0 ? [`Excluded: ${count(excluded, 'entry').replace('entrys', 'entries')}.`] : []),
    ...(specialFiles.count > 0
      ? [`Not copied, because they are neither files, directories nor links: ${listNames(specialFiles)}.`]
      : []),
  ]
}

/** The first names, and how many there are when these are not all. */
export function listNames({ first, count }: SomeNames): string {
  const names = first.map((name) => `./${name}`).join(', ')
  return count > first.length ? `${names}, … (${count.toLocaleString('en-US')})` : names
}

function rate(bytes: number, seconds: number): string {
  return `${(bytes / 1e6 / Math.max(seconds, 0.001)).toFixed(1)} MB/s`
}

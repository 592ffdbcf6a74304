import { count } from '../count.ts'
import { type CopyJob, type CopyOutcome, quotePlace, type Transfer } from './copy-job.ts'

/** What a copy did, in words: how much, how fast, from where to where, the sha256, and what else must be known. */
export function describeCopy(
  { source, target }: CopyJob,
  transfer: Transfer,
  outcome: CopyOutcome,
  elapsedMs: number,
): string {
  const { files, bytes, sha256, notes } = outcome
  const isTree = source.metadata.kind === 'directory'
  const seconds = elapsedMs / 1000
  return [
    `Copied ${count(files, 'file')}, ${count(bytes, 'byte')}, in ${seconds.toFixed(2)} s (${rate(bytes, seconds)}), transport ${transfer.name}`,
    `Source: ${quotePlace(source)}`,
    `Destination: ${quotePlace(target)}`,
    sha256
      ? `sha256${isTree ? ' of all names, links and contents' : ''}: ${sha256} (the same at both ends)`
      : 'Not compared by sha256: one of the machines has neither sha256sum nor shasum.',
    ...(transfer.notes ?? []),
    ...notes,
  ].join('\n')
}

function rate(bytes: number, seconds: number): string {
  return `${(bytes / 1e6 / Math.max(seconds, 0.001)).toFixed(1)} MB/s`
}

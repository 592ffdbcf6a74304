import { BridgeError } from '../../util/errors.ts'
import type { CopyJob, CopyOutcome } from './copy-job.ts'

/** True when the file at the destination stays as it is. Throws `conflict` when none may be there. */
export function isSkipped({ source, target, overwrite }: CopyJob): boolean {
  const { existing } = target
  if (!existing) return false
  switch (overwrite) {
    case 'replace':
      return false
    case 'skip':
      return true
    case 'error':
      throw new BridgeError(
        'conflict',
        'it is there already: nothing was copied, "overwrite" says what to do',
      )
    case 'newer':
      // Copies have their time to the second.
      return Math.floor(source.metadata.modifiedMs / 1000) <= Math.floor(existing.modifiedMs / 1000)
  }
}

/** What a copy that skipped its only file did. */
export function describeSkipped({ overwrite }: CopyJob): CopyOutcome {
  const why = overwrite === 'newer' ? 'it is not older than the source' : 'it is there already'
  return { files: 0, bytes: 0, sha256: undefined, isCompared: false, notes: [`Skipped: ${why}.`] }
}

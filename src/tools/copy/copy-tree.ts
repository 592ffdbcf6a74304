import { BridgeError } from '../../util/errors.ts'
import type { CopyJob, CopyOutcome, Place, Transfer } from './copy-job.ts'
import { hasShell } from './machine.ts'
import { manifestOf, takeCensus } from './manifest.ts'
import { mergeTree } from './merge-tree.ts'
import { withPartial } from './partial.ts'
import { putInPlace } from './put-in-place.ts'

/** Copies a directory with all in it: beside the target, compared, and then in its place or into the one that is there. */
export async function copyTree(job: CopyJob, transfer: Transfer): Promise<CopyOutcome> {
  const { source, target, signal } = job
  for (const place of [source, target]) requireShell(place)
  await transfer.checkTree(job)
  const census = await takeCensus(source.executor, source.path, { signal })
  const sha256 = await manifestOf(source.executor, source.path, { signal })
  job.progress.expect(census.bytes)
  return withPartial(target.executor, target.path, async (partial) => {
    await transfer.tree(job, partial)
    const arrived = await manifestOf(target.executor, partial, { signal })
    if (sha256 && arrived && sha256 !== arrived) throw await explain(job, sha256)
    const placed = await place(job, partial)
    return {
      files: census.files,
      bytes: census.bytes,
      sha256: arrived && sha256,
      notes: [...placed, ...skipped(census.specialFiles)],
    }
  })
}

function requireShell({ executor, environment }: Place): void {
  if (hasShell(executor)) return
  throw new BridgeError(
    'invalid_input',
    `a directory needs a POSIX shell on both machines, and ${JSON.stringify(environment)} runs ${executor.info.os}: copy its files one by one`,
  )
}

/** What arrived is not what was there when the copy began: because it changed meanwhile, or on the way. */
async function explain({ source, signal }: CopyJob, before: string): Promise<BridgeError> {
  const after = await manifestOf(source.executor, source.path, { signal })
  return after === before
    ? new BridgeError('unavailable', 'what arrived is not what was sent (the sha256 differ): copy it again')
    : new BridgeError('conflict', 'the source changed while it was read: copy it when nothing writes to it')
}

async function place({ target, signal }: CopyJob, partial: string): Promise<string[]> {
  const { executor, path, existing } = target
  if (existing) return mergeTree(executor, partial, path, { signal })
  await putInPlace(executor, partial, path, { signal })
  return ['The directory was built beside and renamed into place: it appeared at once.']
}

function skipped(names: readonly string[]): string[] {
  if (names.length === 0) return []
  return [`Not copied, because they are neither files, directories nor links: ${names.join(', ')}.`]
}

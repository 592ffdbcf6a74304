import { BridgeError } from '../../util/errors.ts'
import type { CopyJob, CopyOutcome, FileTransfer, Source, Transfer } from './copy-job.ts'
import { metadataIfThere } from './machine.ts'
import { withPartial } from './partial.ts'
import { putInPlace } from './put-in-place.ts'
import { sealFile } from './seal-file.ts'

/** Copies one file: beside the target, compared, and only then in its place. */
export async function copyFile(job: CopyJob, transfer: Transfer): Promise<CopyOutcome> {
  const { source, target, signal } = job
  if (source.metadata.size !== undefined) job.progress.expect(source.metadata.size)
  return withPartial(target.executor, target.path, async (partial) => {
    const sent = await transfer.file(job, partial)
    await refuseChanged(source, sent, signal)
    const sealed = await sealFile(target.executor, partial, sent.attributes, { signal })
    if (sealed.sha256 !== sent.sha256)
      throw new BridgeError(
        'unavailable',
        `what arrived is not what was sent (sha256 ${sealed.sha256}, not ${sent.sha256}): copy it again`,
      )
    const isAtomic = await putInPlace(target.executor, partial, target.path, { signal })
    return {
      files: 1,
      bytes: sent.bytes,
      sha256: sent.sha256,
      notes: [
        isAtomic
          ? `It was written beside and renamed into place${target.existing ? ', over the file that was there' : ''}.`
          : 'It was not put in place at once: that executor cannot rename.',
        ...(sealed.keptMode
          ? []
          : ['The mode was not kept: one of the machines has none to tell or to set.']),
      ],
    }
  })
}

/** The file must be the one it was when the copy began. */
async function refuseChanged(source: Source, { bytes }: FileTransfer, signal: AbortSignal): Promise<void> {
  const before = source.metadata
  const after = await metadataIfThere(source.executor, source.path, { signal })
  const isSame = after?.size === before.size && after?.modifiedMs === before.modifiedMs
  if (isSame && (before.size ?? bytes) === bytes) return
  throw new BridgeError('conflict', 'the source changed while it was read: copy it when nothing writes to it')
}

import { BridgeError } from '../../util/errors.ts'
import { attributesOf } from './attributes.ts'
import { both } from './both.ts'
import type { CopyJob, CopyOutcome, FileAttributes, FileTransfer, Transfer } from './copy-job.ts'
import { refuseNoSpace } from './free-space.ts'
import { metadataIfThere } from './machine.ts'
import { type Partial, withPartial } from './partial.ts'
import { preparePartial } from './prepare-partial.ts'
import { putInPlace } from './put-in-place.ts'
import { resumePoint } from './resume-point.ts'
import { sealFile, sha256Of } from './seal-file.ts'
import { describeSkipped, isSkipped } from './skip-file.ts'

/** Copies one file: beside the target, compared, and only then in its place. */
export async function copyFile(job: CopyJob, transfer: Transfer): Promise<CopyOutcome> {
  if (isSkipped(job)) return describeSkipped(job)
  const { source, target, signal } = job
  const attributes = await attributesOf(source, { signal })
  return withPartial(job, async (partial) => {
    const offset = await begin(job, partial, attributes)
    const sent = await transfer.file(job, { partial: partial.path, offset, attributes })
    const sealed = await seal(job, { partial, sent, attributes })
    const isAtomic = await putInPlace(target.executor, partial.path, target.path, { signal })
    return {
      files: 1,
      bytes: sent.bytes,
      sha256: sealed.sha256,
      isCompared: job.verify,
      notes: [
        ...(offset > 0 ? [`${offset.toLocaleString('en-US')} bytes were there from an earlier try.`] : []),
        isAtomic
          ? `It was written beside and renamed into place${target.existing ? ', over the file that was there' : ''}.`
          : 'It was not put in place at once: that executor cannot rename.',
        ...(sealed.keptMode ? [] : [MODE_LOST]),
        ...(sealed.keptTime ? [] : [TIME_LOST]),
      ],
    }
  })
}

const MODE_LOST = 'The mode was not kept: one of the machines, or the disk there, has none to tell or to set.'
const TIME_LOST = 'The time was not kept: the disk there does not take it.'

/** Makes room, and finds out from where on the file must be sent. */
async function begin(job: CopyJob, partial: Partial, { size }: FileAttributes): Promise<number> {
  const { signal, progress } = job
  const { bytes, df } = await preparePartial(job, partial, { signal })
  if (size !== undefined) {
    refuseNoSpace(df, size - bytes)
    progress.expect(size)
  }
  const offset = await resumePoint(job, { path: partial.path, bytes }, size, { signal })
  progress.skip(offset)
  return offset
}

interface Arrived {
  readonly partial: Partial
  readonly sent: FileTransfer
  readonly attributes: FileAttributes
}

/** Makes sure that the partial file is whole, and gives it its mode and time. */
async function seal(job: CopyJob, { partial, sent, attributes }: Arrived) {
  const { source, target, signal, verify } = job
  const work = { attributes, hasThem: sent.keepsAttributes, verify }
  const [there, sealed] = await both(
    async (options) =>
      verify ? sha256Of(source.executor, source.path, { fallback: sent.sha256 }, options) : sent.sha256,
    (options) => sealFile(target.executor, partial.path, work, options),
    { signal },
  )
  partial.isSpoiled = true
  await refuseChanged(job, sent)
  if (verify && sealed.sha256 !== there)
    throw new BridgeError(
      'unavailable',
      `what arrived is not what was sent (sha256 ${sealed.sha256}, not ${there}): copy it again`,
    )
  partial.isSpoiled = false
  return { sha256: there, keptMode: sealed.keptMode, keptTime: sealed.keptTime }
}

/** The file must be the one it was when the copy began. */
async function refuseChanged({ source, signal }: CopyJob, { bytes }: FileTransfer): Promise<void> {
  const before = source.metadata
  const after = await metadataIfThere(source.executor, source.path, { signal })
  const isSame = after?.size === before.size && after?.modifiedMs === before.modifiedMs
  if (isSame && (before.size ?? bytes) === bytes) return
  throw new BridgeError('conflict', 'the source changed while it was read: copy it when nothing writes to it')
}

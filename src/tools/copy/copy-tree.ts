import { BridgeError } from '../../util/errors.ts'
import type { CallOptions } from '../../util/signals.ts'
import { both } from './both.ts'
import { refuseCaseClash } from './case-clash.ts'
import type { CopyJob, CopyOutcome, Place, Transfer } from './copy-job.ts'
import { Listing, Selection } from './entries.ts'
import { finishFiles } from './finish-files.ts'
import { refuseNoSpace } from './free-space.ts'
import { listTree } from './listing.ts'
import { hasShell, isWithin, metadataIfThere } from './machine.ts'
import { type Manifest, manifestOf } from './manifest.ts'
import { mergeTree } from './merge-tree.ts'
import { withNames } from './names-file.ts'
import { type Partial, withPartial } from './partial.ts'
import { restOf, type TreePlan } from './plan-tree.ts'
import { preparePartial } from './prepare-partial.ts'
import { putInPlace } from './put-in-place.ts'
import { removeNames } from './remove-names.ts'
import { describeLeftOut } from './report.ts'
import { isUnchanged, surveyTree, type TreeSurvey } from './survey-tree.ts'

/** Copies a directory with all in it: beside the target, compared, and then in its place or into the one that is there. */
export async function copyTree(job: CopyJob, transfer: Transfer): Promise<CopyOutcome> {
  for (const place of [job.source, job.target]) requireShell(place)
  await transfer.checkTree(job)
  const survey = await surveyTree(job)
  const { plan } = survey
  return withPartial(job, async (partial) => {
    const resumedBytes = await bring(job, transfer, { plan, partial })
    const compared = job.verify ? await compare(job, survey, partial) : undefined
    if (!job.verify && !(await isUnchanged(job, survey))) throw changed()
    const placed = await place(job, partial.path)
    return {
      files: plan.files,
      bytes: plan.bytes,
      sha256: compared?.sha256,
      isCompared: compared !== undefined,
      notes: [
        ...(resumedBytes > 0
          ? [`${resumedBytes.toLocaleString('en-US')} bytes were there from an earlier try.`]
          : []),
        ...placed,
        ...(compared?.notes ?? []),
        ...describeLeftOut(plan),
      ],
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

/** Sends what an earlier try has not brought. Gives how many bytes that one has. */
async function bring(
  job: CopyJob,
  transfer: Transfer,
  { plan, partial }: { plan: TreePlan; partial: Partial },
): Promise<number> {
  const { source, target, signal, progress } = job
  const { isThere, df, foldsCase } = await preparePartial(job, partial, { signal })
  await refuseSharedDisk(job, partial.path)
  if (foldsCase) refuseCaseClash(plan.selected)
  const earlier = isThere ? await listTree(target.executor, partial.path, { signal }) : new Listing()
  const rest = restOf(plan, earlier)
  refuseNoSpace(df, plan.bytes - rest.resumedBytes)
  progress.expect(plan.bytes)
  progress.skip(rest.resumedBytes)
  await removeNames(target.executor, partial.path, rest.stale, { signal })
  // The others need not wait for a reading that is not of all.
  if (isThere) job.seat.leave()
  const { finished, savedBytes } = await finishFiles(job, transfer, {
    partial: partial.path,
    begun: rest.begun,
  })
  const toSend = new Selection(rest.toSend, ({ path }) => !finished.has(path))
  const resumedBytes = rest.resumedBytes + savedBytes
  const isAll = !plan.isPart && resumedBytes === 0
  const send = (names: string) => transfer.tree(job, { partial: partial.path, names })
  await (isAll ? send('') : withNames(source.executor, toSend, { signal }, send))
  return resumedBytes
}

/** Two environments may see one disk: a copy within the source would then be packed into itself without end. */
async function refuseSharedDisk({ source, signal }: CopyJob, partial: string): Promise<void> {
  if (!isWithin(source.executor, partial, source.path)) return
  if (await metadataIfThere(source.executor, partial, { signal }))
    throw new BridgeError(
      'invalid_input',
      'the destination lies inside the source, for both environments see one disk',
    )
}

/** What a comparison of both ends came to. */
interface Compared {
  readonly sha256: string
  readonly notes: readonly string[]
}

/** Both manifests must have the same content; undefined where a machine cannot compute it. What else differs is said. */
async function compare(job: CopyJob, survey: TreeSurvey, partial: Partial): Promise<Compared | undefined> {
  const { target, signal } = job
  const [sent, arrived] = await both(
    (options) => manifestOfSource(job, survey.plan, options),
    (options) => manifestOf(target.executor, { path: partial.path, names: '' }, options),
    { signal },
  )
  if (!(await isUnchanged(job, survey))) throw changed()
  if (!sent || !arrived) return undefined
  const { content, modes, times } = sent
  const notes = [
    ...(modes === arrived.modes ? [] : [MODES_LOST]),
    ...(times === arrived.times ? [] : [TIMES_LOST]),
  ]
  if (content === arrived.content) return { sha256: content, notes }
  partial.isSpoiled = true
  throw new BridgeError('unavailable', 'what arrived is not what was sent (the sha256 differ): copy it again')
}

const MODES_LOST = 'Not all modes were kept: the disk there does not take them, or they changed meanwhile.'
const TIMES_LOST = 'Not all times were kept: the disk there does not take them.'

function changed(): BridgeError {
  return new BridgeError(
    'conflict',
    'the source changed while it was read: copy it when nothing writes to it',
  )
}

function manifestOfSource(
  { source }: CopyJob,
  plan: TreePlan,
  options: CallOptions,
): Promise<Manifest | undefined> {
  const of = (names: string) => manifestOf(source.executor, { path: source.path, names }, options)
  return plan.isPart ? withNames(source.executor, plan.selected, options, of) : of('')
}

async function place({ target, overwrite, signal }: CopyJob, partial: string): Promise<string[]> {
  const { executor, path, existing } = target
  if (existing) return mergeTree(executor, partial, path, { signal })
  try {
    await putInPlace(executor, partial, path, { signal })
    return ['The directory was built beside and renamed into place: it appeared at once.']
  } catch (error) {
    const now = await metadataIfThere(executor, path, { signal })
    if (now?.kind !== 'directory') throw error
    // Somebody has made it meanwhile, most likely another server that makes the same copy.
    if (overwrite === 'replace') return mergeTree(executor, partial, path, { signal })
    throw new BridgeError(
      'conflict',
      'a directory has come to be there meanwhile: call again, and "overwrite" counts for it, too',
      { cause: error },
    )
  }
}

import { count } from '../count.ts'
import { attributesOf } from './attributes.ts'
import type { CopyJob, Transfer } from './copy-job.ts'
import { describeEnds, describeLeftOut, listNames } from './report.ts'
import { isSkipped } from './skip-file.ts'
import { surveyTree } from './survey-tree.ts'

/** What a copy would do, in words. Looks at both ends as the copy does, and refuses what that would; nothing is written there. */
export async function dryRun(job: CopyJob, transfer: Transfer): Promise<string> {
  const isTree = job.source.metadata.kind === 'directory'
  if (isTree) await transfer.checkTree(job)
  const { files, bytes, notes } = isTree ? await foreseeTree(job) : await foreseeFile(job)
  const transport = (await transfer.foresee?.(job, bytes)) ?? transfer.name
  return [
    `Would copy ${count(files, 'file')}, ${count(bytes, 'byte')}, transport ${transport}; nothing was written`,
    ...describeEnds(job),
    ...notes,
  ].join('\n')
}

interface Foreseen {
  readonly files: number
  readonly bytes: number
  readonly notes: readonly string[]
}

async function foreseeTree(job: CopyJob): Promise<Foreseen> {
  const { plan } = await surveyTree(job)
  const { files, bytes, replaced } = plan
  const fate = job.target.existing
    ? 'It would be merged into the directory that is there.'
    : 'The directory is new there.'
  const replaces = replaced.count > 0 ? [`Would be replaced: ${listNames(replaced)}.`] : []
  return { files, bytes, notes: [fate, ...replaces, ...describeLeftOut(plan)] }
}

async function foreseeFile(job: CopyJob): Promise<Foreseen> {
  if (isSkipped(job)) return { files: 0, bytes: 0, notes: ['It would be skipped: the file there stays.'] }
  const { size = 0 } = await attributesOf(job.source, { signal: job.signal })
  const fate = job.target.existing ? 'It would replace the file that is there.' : 'The file is new there.'
  return { files: 1, bytes: size, notes: [fate] }
}

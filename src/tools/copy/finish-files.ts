import { attributesOf } from './attributes.ts'
import type { CopyJob, Transfer } from './copy-job.ts'
import type { Entry } from './entries.ts'
import { pathsOf } from './machine.ts'
import type { BegunFile } from './plan-tree.ts'
import { resumePoint, WINDOW_BYTES } from './resume-point.ts'
import { sealFile } from './seal-file.ts'
import { SharedReading } from './shared-reading.ts'

/**
 * Goes on with the large files of a directory that an earlier try has begun in the partial directory, one after another. Gives
 * the paths of those that are whole now, and how many bytes of them need not be sent.
 */
export async function finishFiles(
  job: CopyJob,
  transfer: Transfer,
  { partial, begun }: { partial: string; begun: readonly BegunFile[] },
): Promise<{ readonly finished: ReadonlySet<string>; readonly savedBytes: number }> {
  const finished = new Set<string>()
  let savedBytes = 0
  for (const { entry, bytes } of begun) {
    // Of less nothing is surely whole: it is sent anew with the others.
    if (bytes <= WINDOW_BYTES) continue
    const path = pathsOf(job.target.executor).join(partial, entry.path)
    const offset = await finish(fileJob(job, entry), transfer, { path, bytes })
    if (offset === 0) continue
    finished.add(entry.path)
    savedBytes += offset
  }
  return { finished, savedBytes }
}

/** The file as a copy of its own, which no other destination waits for. */
function fileJob(job: CopyJob, { path, size, modifiedS }: Entry): CopyJob {
  const { source } = job
  const metadata = {
    ...source.metadata,
    kind: 'file',
    size,
    modifiedMs: modifiedS * 1000,
    mode: undefined,
  } as const
  const place = { ...source, path: pathsOf(source.executor).join(source.path, path), metadata }
  return { ...job, source: place, seat: new SharedReading(1).seat() }
}

/** Gives from where on it was sent; 0: not at all. */
async function finish(
  job: CopyJob,
  transfer: Transfer,
  partial: { readonly path: string; readonly bytes: number },
): Promise<number> {
  const { source, target, signal, progress } = job
  const offset = await resumePoint(job, partial, source.metadata.size, { signal })
  if (offset === 0) return 0
  const attributes = await attributesOf(source, { signal })
  progress.skip(offset)
  await transfer.file(job, { partial: partial.path, offset, attributes })
  await sealFile(target.executor, partial.path, { attributes, hasThem: false, verify: false }, { signal })
  return offset
}

import { resolvePath } from '../paths.ts'
import type { Workspace } from '../tool.ts'
import type { CopyInput } from './copy-input.ts'
import type { CopyJob, Place } from './copy-job.ts'
import { isOneMachine } from './machine.ts'
import { meansDirectory, openSource, refuseSelf, resolveTarget } from './target.ts'

/** Finds out what is to be copied, and where exactly to. Refuses what cannot be copied; writes nothing. */
export async function planCopy(
  from: Workspace,
  to: Workspace,
  input: CopyInput,
  { signal, progress, seat }: Pick<CopyJob, 'signal' | 'progress' | 'seat'>,
): Promise<CopyJob> {
  const { overwrite, isExcluded, verify, dryRun, resume } = input
  const source = await openSource(placeIn(from, input.source.path), input, { signal })
  const isDirectory = meansDirectory(input.destination.path, to.executor)
  const destination = { ...placeIn(to, input.destination.path), isDirectory }
  const target = await resolveTarget(destination, source, { signal })
  if (isOneMachine(from.environment, to.environment)) await refuseSelf(source, target, { signal })
  return { source, target, overwrite, isExcluded, verify, dryRun, resume, signal, progress, seat }
}

function placeIn({ environment, executor }: Workspace, written: string): Place {
  return { environment: environment.name, executor, path: resolvePath(written, executor.info) }
}

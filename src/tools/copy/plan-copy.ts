import { resolvePath } from '../paths.ts'
import type { Workspace } from '../tool.ts'
import type { CopyJob, Place } from './copy-job.ts'
import { isOneMachine } from './machine.ts'
import type { CopyProgress } from './progress.ts'
import { meansDirectory, openSource, refuseSelf, resolveTarget } from './target.ts'

/** What a copy is asked to do; paths are as they were written. */
export interface CopyRequest {
  readonly source: { readonly path: string }
  readonly destination: { readonly path: string }
  readonly recursive: boolean
  readonly signal: AbortSignal
  readonly progress: CopyProgress
}

/** Finds out what is to be copied, and where exactly to. Refuses what cannot be copied; writes nothing. */
export async function planCopy(from: Workspace, to: Workspace, request: CopyRequest): Promise<CopyJob> {
  const { recursive, signal, progress } = request
  const source = await openSource(placeIn(from, request.source.path), { recursive }, { signal })
  const isDirectory = meansDirectory(request.destination.path, to.executor)
  const destination = { ...placeIn(to, request.destination.path), isDirectory }
  const target = await resolveTarget(destination, source, { signal })
  if (isOneMachine(from.environment, to.environment)) await refuseSelf(source, target, { signal })
  return { source, target, signal, progress }
}

function placeIn({ environment, executor }: Workspace, written: string): Place {
  return { environment: environment.name, executor, path: resolvePath(written, executor.info) }
}

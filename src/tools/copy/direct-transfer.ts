import type { Executor } from '../../protocol/executor.ts'
import type { CallOptions } from '../../util/signals.ts'
import type { CopyJob, FileTransfer, Transfer } from './copy-job.ts'
import { hasShell } from './machine.ts'
import { runScript } from './run-script.ts'
import { sha256Of } from './seal-file.ts'
import { REMOVE_SPECIAL_FILES } from './special-files.ts'

/** Within one machine: a process there copies, and no byte passes through us. Modes, times and links are kept, special files left out. */
export const directTransfer: Transfer = {
  name: 'direct',
  checkTree: () => Promise.resolve(),
  file: copyFile,
  tree: copyThere,
}

async function copyFile(job: CopyJob, partial: string): Promise<FileTransfer> {
  const { source, target, signal } = job
  await copyThere(job, partial)
  const sha256 = await sha256Of(source.executor, source.path, { signal })
  const bytes = source.metadata.size ?? (await sizeOf(target.executor, partial, { signal }))
  return { sha256, bytes, attributes: undefined }
}

/** Executors before 0.140 do not tell sizes. */
async function sizeOf(executor: Executor, path: string, options: CallOptions): Promise<number> {
  const request = { script: 'wc -c < "$1"', args: [path], action: 'cannot read its size' }
  return Number(await runScript(executor, request, options))
}

async function copyThere({ source, signal }: CopyJob, partial: string): Promise<void> {
  const { executor } = source
  // `cp -a` keeps links as links, and the source itself may be one.
  const path = await executor.canonicalize(source.path, { signal })
  if (!hasShell(executor)) return executor.copy(path, partial, { recursive: true }, { signal })
  const request = { script: COPY, args: [partial, path], action: 'cannot copy it there' }
  await runScript(executor, request, { signal })
}

const COPY = `cp -a "$2" "$1" && ${REMOVE_SPECIAL_FILES}`

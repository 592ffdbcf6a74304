import type { Relay } from '../../protocol/relay.ts'
import { BridgeError } from '../../util/errors.ts'
import type { Workspace } from '../tool.ts'
import { chooseTransfer } from './choose-transfer.ts'
import { copyFile } from './copy-file.ts'
import type { CopyInput } from './copy-input.ts'
import { type CopyJob, quotePlace } from './copy-job.ts'
import { copyTree } from './copy-tree.ts'
import { dryRun } from './dry-run.ts'
import { withParents } from './parents.ts'
import { planCopy } from './plan-copy.ts'
import { describeCopy } from './report.ts'

/** Copies to one destination, and says what was done. Throws what went wrong, with both ends in it. */
export async function runCopy(
  from: Workspace,
  to: Workspace,
  input: CopyInput,
  context: Pick<CopyJob, 'signal' | 'progress' | 'seat'> & { readonly relay: Relay | undefined },
): Promise<string> {
  const startedMs = performance.now()
  try {
    const transfer = chooseTransfer(input, from, to, context.relay)
    if (transfer.name !== 'ws' || input.dryRun) context.seat.leave()
    const job = await planCopy(from, to, input, context)
    if (job.dryRun) return await dryRun(job, transfer)
    const { executor, path } = job.target
    const outcome = await withParents(executor, path, { signal: context.signal }, () =>
      job.source.metadata.kind === 'directory' ? copyTree(job, transfer) : copyFile(job, transfer),
    )
    return describeCopy(job, transfer, outcome, performance.now() - startedMs)
  } catch (reason) {
    const error = BridgeError.from(reason)
    const source = quotePlace({ environment: from.environment.name, path: input.source.path })
    const destination = quotePlace({ environment: to.environment.name, path: input.destination.path })
    throw new BridgeError(error.code, `Cannot copy ${source} to ${destination}: ${error.message}`, {
      cause: error,
    })
  }
}

import type { Executor } from '../../protocol/executor.ts'
import type { CallOptions } from '../../util/signals.ts'
import { both } from './both.ts'
import { FIND_INPUT_SUM } from './checksum.ts'
import type { CopyJob } from './copy-job.ts'
import { SMALL_BLOCKS } from './limits.ts'
import { hasShell } from './machine.ts'
import { runScript } from './run-script.ts'

/** Blocks under way when a copy was cut may have come in any order: what lies before them is whole. No more than that is sent again. */
export const WINDOW_BYTES = SMALL_BLOCKS.blockBytes * SMALL_BLOCKS.inFlight

/**
 * From where on a file must still be sent, when `presentBytes` of it lie in the partial file: behind what is surely whole there, and
 * has the same sha256 at both ends. 0 when that is nothing, or a machine cannot compute it.
 */
export async function resumePoint(
  { source, target }: CopyJob,
  partial: { readonly path: string; readonly bytes: number },
  size: number | undefined,
  options: CallOptions,
): Promise<number> {
  if (size === undefined || partial.bytes > size || !hasShell(source.executor)) return 0
  const { blockBytes } = SMALL_BLOCKS
  // The last block may have come in part: the window ends where that does.
  const whole = Math.ceil(partial.bytes / blockBytes) * blockBytes - WINDOW_BYTES
  if (whole <= 0) return 0
  const [here, there] = await both(
    (within) => hashOfStart(source.executor, source.path, whole, within),
    (within) => hashOfStart(target.executor, partial.path, whole, within),
    options,
  )
  return here !== undefined && here === there ? whole : 0
}

async function hashOfStart(
  executor: Executor,
  path: string,
  bytes: number,
  options: CallOptions,
): Promise<string | undefined> {
  const request = { script: HASH_START, args: [path, String(bytes)], action: 'cannot check what has arrived' }
  return /[0-9a-f]{64}/.exec(await runScript(executor, request, options))?.[0]
}

const HASH_START = `${FIND_INPUT_SUM}[ -z "$sum" ] || head -c "$2" "$1" | $sum`

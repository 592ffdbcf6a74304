import { randomBytes } from 'node:crypto'
import type { Executor } from '../../protocol/executor.ts'
import { BridgeError } from '../../util/errors.ts'
import { callScope } from '../../util/signals.ts'
import { hasShell, pathsOf } from './machine.ts'
import { runScript } from './run-script.ts'

const CLEAN_UP_TIMEOUT_MS = 10_000
/** A name may have 255 bytes; of the target's own so many characters of up to 4 bytes leave room for the rest. */
const MAX_NAME_CHARS = 48

/**
 * Runs `work` with the path of a partial file or directory beside the target, on the target's file system, so that it can be
 * renamed into place. When `work` fails, what lies there is removed, under a deadline of its own, and the error says so.
 */
export async function withPartial<T>(
  executor: Executor,
  target: string,
  work: (partial: string) => Promise<T>,
): Promise<T> {
  const partial = partialPath(executor, target)
  try {
    return await work(partial)
  } catch (reason) {
    const error = BridgeError.from(reason)
    const isGone = await removePartial(executor, partial)
    if (isGone) throw error
    const left = `${error.message}; ${JSON.stringify(partial)} is left behind there`
    throw new BridgeError(error.code, left, { cause: error })
  }
}

/** `<name>.env-mcp-<random>.partial`, beside the target. */
function partialPath(executor: Executor, target: string): string {
  const name = pathsOf(executor).basename(target)
  const short = [...name].slice(0, MAX_NAME_CHARS).join('')
  return `${target.slice(0, target.length - name.length)}${short}.env-mcp-${randomBytes(5).toString('hex')}.partial`
}

async function removePartial(executor: Executor, path: string): Promise<boolean> {
  using scope = callScope({ timeoutMs: CLEAN_UP_TIMEOUT_MS })
  const options = { signal: scope.signal }
  try {
    // A stock executor serves one request at a time: to remove a large directory is work for a process.
    if (hasShell(executor))
      await runScript(executor, { script: REMOVE, args: [path], action: 'Cannot clean up' }, options)
    else await executor.remove(path, { recursive: true, force: true }, options)
    return true
  } catch {
    return false
  }
}

/** Directories without write permission cannot be emptied. */
const REMOVE = `[ ! -d "$1" ] || chmod -R u+rwx "$1"; rm -rf "$1"`

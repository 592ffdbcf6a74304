import type { Executor } from '../../protocol/executor.ts'
import { type CallOptions, throwIfAborted } from '../../util/signals.ts'
import { hasShell } from './machine.ts'

/** A rename is not given up half-way: whoever gives up must know whether it was done. */
const RENAME_TIMEOUT_MS = 30_000

/** Makes the partial file or directory the target, at once, in place of a file that is there. False: not at once. */
export async function putInPlace(
  executor: Executor,
  partial: string,
  target: string,
  { signal }: CallOptions,
): Promise<boolean> {
  throwIfAborted(signal)
  const options = { timeoutMs: RENAME_TIMEOUT_MS }
  if (executor.features.rename || hasShell(executor)) {
    await executor.rename(partial, target, options)
    return true
  }
  await executor.copy(partial, target, { recursive: false }, options)
  await executor.remove(partial, { recursive: false, force: true }, options)
  return false
}

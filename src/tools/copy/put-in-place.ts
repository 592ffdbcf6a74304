import type { Executor } from '../../protocol/executor.ts'
import { type CallOptions, graceScope, throwIfAborted } from '../../util/signals.ts'
import { hasShell } from './machine.ts'

/** How long a copy that was given up waits for a machine that does not answer. */
const GRACE_MS = 30_000

/**
 * Makes the partial file or directory the target, at once, in place of a file that is there. False: not at once. It is not given
 * up half-way: whoever gives up must know whether it was done.
 */
export async function putInPlace(
  executor: Executor,
  partial: string,
  target: string,
  { signal }: CallOptions,
): Promise<boolean> {
  throwIfAborted(signal)
  using options = graceScope({ signal }, GRACE_MS)
  if (executor.features.rename || hasShell(executor)) {
    await executor.rename(partial, target, options)
    return true
  }
  await executor.copy(partial, target, { recursive: false }, options)
  await executor.remove(partial, { recursive: false, force: true }, options)
  return false
}

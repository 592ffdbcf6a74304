import type { Executor, OpenFile } from '../../protocol/executor.ts'
import { type CallOptions, graceScope, reasonOf, throwIfAborted } from '../../util/signals.ts'

/** How long a copy that was given up waits for a machine that does not answer. */
const GRACE_MS = 10_000

/**
 * Opens a file. It is not given up half-way: a handle that nobody knows would stay open, and a file be made after its maker
 * has cleaned up.
 */
export async function openFile(
  executor: Executor,
  path: string,
  mode: 'read' | 'replace',
  { signal }: CallOptions,
): Promise<OpenFile> {
  throwIfAborted(signal)
  using grace = graceScope({ signal }, GRACE_MS)
  const file = await executor.open(path, mode, { signal: grace.signal })
  if (!signal?.aborted) return file
  await file.close()
  throw reasonOf(signal)
}

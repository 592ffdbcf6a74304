import type { Executor, OpenFile } from '../../protocol/executor.ts'
import { type CallOptions, reasonOf, throwIfAborted } from '../../util/signals.ts'

const OPEN_TIMEOUT_MS = 10_000

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
  const file = await executor.open(path, mode, { timeoutMs: OPEN_TIMEOUT_MS })
  if (!signal?.aborted) return file
  await file.close()
  throw reasonOf(signal)
}

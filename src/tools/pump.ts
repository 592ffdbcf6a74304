import type { Executor, ReadResult } from '../protocol/executor.ts'
import { throwIfAborted } from '../util/signals.ts'

/** How long one pull waits for news. Its end means nothing: the next pull follows. */
const PULL_MS = 30_000

/** A process that has exited is over when nothing was written for so long, though something still holds its output. */
const QUIET_MS = 150

/** What a pump tells, in the order in which it happens. None of it may throw. */
export interface PumpSink {
  /** What was read: output, and whether the process has exited. */
  take(result: ReadResult): void
  /** The process is over, and that was all of its output; or (`isHeld`) so far: something could still write. */
  over(isHeld: boolean): void
}

/**
 * Reads one process from its first byte to its last, and decides when it is over. It is over when its output is closed;
 * or, when a child that lives on holds the output, after the exit and `QUIET_MS` without a byte (each chunk starts the
 * time anew) and a barrier, so that nothing the executor has is on its way; `sync` waits for a lost connection, which so suspends the rule.
 * Goes on after that, until the output is closed. Rejects when the process is lost, and with the signal's reason.
 */
export async function pump(
  executor: Pick<Executor, 'read' | 'sync'>,
  processId: string,
  sink: PumpSink,
  signal: AbortSignal,
): Promise<void> {
  let afterSeq = 0
  const pull = async (waitMs: number): Promise<ReadResult> => {
    throwIfAborted(signal)
    const result = await executor.read(processId, { afterSeq, waitMs }, { signal })
    afterSeq = result.lastSeq
    sink.take(result)
    return result
  }
  let { exited, closed } = await pull(PULL_MS)
  while (!exited && !closed) ({ exited, closed } = await pull(PULL_MS))
  if (!closed) closed = await untilQuiet(pull, () => executor.sync(processId, { signal }))
  if (!closed) sink.over(true)
  while (!closed) ({ closed } = await pull(PULL_MS))
  sink.over(false)
}

/** Resolves when nothing came for long enough, or the output is closed: true. */
async function untilQuiet(
  pull: (waitMs: number) => Promise<ReadResult>,
  sync: () => Promise<void>,
): Promise<boolean> {
  for (;;) {
    const waited = await pull(QUIET_MS)
    if (waited.closed) return true
    if (waited.chunks.length > 0) continue
    await sync()
    const late = await pull(0)
    if (late.closed) return true
    if (late.chunks.length === 0) return false
  }
}

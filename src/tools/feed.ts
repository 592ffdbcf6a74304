import type { Executor } from '../protocol/executor.ts'
import { BridgeError } from '../util/errors.ts'
import type { CallOptions } from '../util/signals.ts'
import type { Session } from './session.ts'

/** One write: small enough that others on the connection get their turn. */
const BLOCK_BYTES = 64 * 1024

/**
 * Gives a process its whole input, and ends it where the executor can. Goes on until that is done or the process is over.
 * Resolves with why it failed; a process that does not want its input is no failure. Never rejects.
 */
export async function feed(session: Session, input: Uint8Array): Promise<BridgeError | undefined> {
  const { executor, request, ended } = session
  try {
    await writeAll(executor, request.processId, input, { signal: ended })
    if (executor.features.closeStdin) await executor.closeStdin(request.processId, { signal: ended })
    return undefined
  } catch (error) {
    const reason = BridgeError.from(error)
    return ended.aborted || reason.code === 'conflict' ? undefined : reason
  }
}

/** Writes to the input of a process block by block; the options hold for each. Rejects as `Executor.write` does. */
export async function writeAll(
  executor: Pick<Executor, 'write'>,
  processId: string,
  input: Uint8Array,
  options: CallOptions,
): Promise<void> {
  for (let at = 0; at < input.length; at += BLOCK_BYTES)
    await executor.write(processId, input.subarray(at, at + BLOCK_BYTES), options)
}

import { BridgeError } from '../util/errors.ts'
import type { DurableConnection } from './durable-connection.ts'
import { BRIDGE_LIMITS } from './limits.ts'
import type { RemoteProcess } from './process.ts'

/**
 * Terminates a process; true when it ran. An executor that answers in order does not come to it while a write hangs that no process
 * takes: then the connection is dropped, and the way is free on the next one. `process` is absent when nothing is known of it here.
 */
export async function endProcess(
  connection: DurableConnection,
  processId: string,
  process: RemoteProcess | undefined,
): Promise<boolean> {
  const wasRunning = process?.isStarted === true && !process.output.buffer.exited
  let isRepeated = false
  const beforeSend = (isRepeat: boolean) => {
    isRepeated = isRepeat
  }
  if (process) process.isEnding = true
  using _escape = connection.isWaitingFor('process/write') ? dropIfStuck(connection) : undefined
  const { running } = await connection.call('process/terminate', { processId }, { beforeSend })
  // The first request may have ended what the second did not find.
  return running || (isRepeated && wasRunning)
}

function dropIfStuck(connection: DurableConnection): Disposable {
  const reason = 'dropped, because a write to a process that does not read its input held everything back'
  return connection.clock.after(BRIDGE_LIMITS.stuckWriteMs, () => {
    connection.drop(new BridgeError('unavailable', reason))
  })
}

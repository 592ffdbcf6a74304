import { BridgeError } from '../util/errors.ts'
import type { Session } from './session.ts'
import { SESSION_LIMITS } from './sessions.ts'
import type { ToolContext } from './tool.ts'
import { waitUntil } from './wait-until.ts'

/**
 * Waits until the process is over, at most so long. The caller does not know the session yet: when the call is canceled,
 * the process is ended, under a deadline of its own, and the error says what became of it.
 */
export async function waitForEnd(
  context: ToolContext,
  session: Session,
  timeoutMs: number,
): Promise<boolean> {
  const { signal, sessions, progress } = context
  try {
    return await waitUntil({
      sessions: [session],
      condition: () => session.isOver,
      clock: sessions.clock,
      timeoutMs,
      signal,
      progress,
    })
  } catch (error) {
    throw await endAfter(BridgeError.from(error), session, sessions)
  }
}

async function endAfter(
  reason: BridgeError,
  session: Session,
  sessions: ToolContext['sessions'],
): Promise<BridgeError> {
  const end = session.executor.terminate(session.request.processId, { timeoutMs: SESSION_LIMITS.cleanUpMs })
  const outcome = await end.then(
    () => {
      sessions.forget(session)
      return `its process on "${session.environment}" was killed with its whole group`
    },
    (error: unknown) =>
      `its process could not be ended and may still run (${BridgeError.from(error).message}): terminate ${JSON.stringify({ session_id: session.id })}`,
  )
  return new BridgeError(reason.code, `${reason.message}: ${outcome}`, { cause: reason })
}

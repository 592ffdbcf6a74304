import { BridgeError } from '../util/errors.ts'
import { endUnwanted } from './end-unwanted.ts'
import type { Session } from './session.ts'
import type { ToolContext } from './tool.ts'
import { waitUntil } from './wait-until.ts'

/**
 * Waits until the process is over, at most so long. The caller does not know the session yet: when the call is canceled,
 * the process is ended, and the error says what became of it.
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
  const { executor, request, environment, id } = session
  const onEnded = () => sessions.forget(session)
  const outcome = await endUnwanted(executor, request.processId, { clock: sessions.clock, onEnded })
  const hint = sessions.find(id) ? `: terminate ${JSON.stringify({ session_id: id })} makes sure` : ''
  const text = `${reason.message}: its process on "${environment}" ${outcome}${hint}`
  return new BridgeError(reason.code, text, { cause: reason })
}

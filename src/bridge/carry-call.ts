import type { Methods } from '../protocol/methods.ts'
import type { CallOptions } from '../util/signals.ts'
import { CallFailure, ConnectionLost } from './call-failure.ts'
import type { DurableConnection } from './durable-connection.ts'
import { BRIDGE_LIMITS } from './limits.ts'
import { isOfConnection, isOfSession, mayRepeat } from './replay.ts'

/** How one call wants to be carried over a lost connection. */
export interface DurableCallOptions extends CallOptions {
  /** Called just before the request leaves, and when its answer was lost (`isRepeat`); what it throws ends the call instead. */
  readonly beforeSend?: (isRepeat: boolean) => void
  /** It means something on this connection only: on another one it is not sent. */
  readonly epoch?: number
}

/** What one try of a call wants of its connection. */
export interface Try extends CallOptions {
  readonly epoch: number | undefined
  /** A try before this one has left. */
  readonly wasSent: boolean
}

/** Sends a call, over one connection after the other, until there is an answer, or it must not be sent again. */
export async function carryCall<M extends keyof Methods>(
  session: DurableConnection,
  method: M,
  params: Methods[M]['params'],
  { signal, timeoutMs, epoch, beforeSend }: DurableCallOptions,
): Promise<Methods[M]['result']> {
  const { clock } = session
  const sinceMs = clock.now()
  /** The session in which it has left. */
  let sentIn: string | undefined
  const leaving = () => {
    beforeSend?.(sentIn !== undefined)
    sentIn = session.sessionId
  }
  for (let sent = 0; ; ) {
    const wasSent = sentIn !== undefined
    const left = { signal, timeoutMs: timeoutMs && Math.max(1, timeoutMs - (clock.now() - sinceMs)) }
    try {
      const connection = await session.connectionFor({ ...left, epoch, wasSent })
      checkSession(session, method, sentIn)
      return await connection.call(method, params, { ...left, beforeSend: leaving })
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error
      checkReplay(session, method, error, sentIn !== undefined)
      if (error.wasSent && ++sent > BRIDGE_LIMITS.repeats) throw error
      // What need not be sent again need not wait for a connection.
      if (sentIn !== undefined) beforeSend?.(true)
    }
  }
}

/** An id under which a request was sent means something in its session only. */
function checkSession(
  { sessionId, lostWords }: DurableConnection,
  method: keyof Methods,
  sentIn: string | undefined,
): void {
  if (sentIn === undefined || sentIn === sessionId || !isOfSession(method)) return
  throw new CallFailure('process_lost', `${lostWords}, and the session with it`, true)
}

/** Throws what ends the call; returns when it is to be sent, again if it was sent before. */
function checkReplay(
  session: DurableConnection,
  method: keyof Methods,
  error: ConnectionLost,
  wasSent: boolean,
): void {
  const end = session.lossAtEnd(wasSent)
  if (end) throw end
  if (isOfConnection(method)) throw error
  if (wasSent && !mayRepeat(method, session.hasWriteIds)) throw error
}

import type { ProcessStartParams } from '../protocol/methods.ts'
import { RpcError } from '../rpc/peer.ts'
import type { Clock } from '../util/clock.ts'
import { BridgeError } from '../util/errors.ts'
import { stopwatch } from '../util/stopwatch.ts'
import { CallFailure, ConnectionLost } from './call-failure.ts'
import type { DurableConnection } from './durable-connection.ts'
import { BRIDGE_LIMITS } from './limits.ts'
import type { RemoteProcess } from './process.ts'

/** What it takes to start a process. */
export interface Starter {
  readonly connection: DurableConnection
  readonly clock: Clock
  /** ms since 1970. */
  readonly wallNow: () => number
  /** How long the executor keeps the id of a process that is over, in ms. */
  readonly rememberedMs: number
  /** Takes in what it has written. Rejects with `RpcError` when the executor does not know it. */
  readonly catchUp: (process: RemoteProcess) => Promise<void>
}

/**
 * Starts a process, once, however often its request is lost. The id is random and used once: who has it is this process, whose first
 * answer was lost or is still to come. One that is not there yet is being started, or has failed to: then the next request says
 * why. Rejects as `DurableConnection.call`; with `ConnectionLost` when nobody can tell whether it ran.
 */
export async function startOnce(
  process: RemoteProcess,
  params: ProcessStartParams,
  starter: Starter,
): Promise<void> {
  const beforeSend = startGuard(process, starter)
  for (let looks = 0; ; looks++) {
    try {
      await starter.connection.call('process/start', params, { beforeSend })
      break
    } catch (error) {
      if (error instanceof HeardOf) break
      if (!(error instanceof TooLate) && !isTaken(error)) throw error
      if (await isThere(process, starter)) break
      if (error instanceof TooLate || looks >= BRIDGE_LIMITS.startingLooks) throw neverSeen(error)
    }
    await new Promise<void>((resolve) => void starter.clock.after(BRIDGE_LIMITS.startingMs, resolve))
  }
  process.isStarted = true
}

/** The process itself has told that it runs, or ran. */
class HeardOf extends BridgeError {}

/** Its id may have been forgotten, and would be taken for a new one. */
class TooLate extends BridgeError {}

function startGuard(process: RemoteProcess, { clock, wallNow, rememberedMs }: Starter) {
  let sinceFirstMs: (() => number) | undefined
  return (isRepeat: boolean) => {
    if (process.isUnwanted) throw new CallFailure('canceled', 'nobody waits for it any more', isRepeat)
    if (!isRepeat || !sinceFirstMs) sinceFirstMs = stopwatch(clock, wallNow)
    else if (process.output.isHeardOf) throw new HeardOf('conflict', 'it has started')
    else if (sinceFirstMs() > rememberedMs - BRIDGE_LIMITS.forgetMarginMs)
      throw new TooLate('unavailable', 'the executor may have forgotten it')
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof RpcError && /already exists/.test(error.message)
}

async function isThere(process: RemoteProcess, { catchUp }: Starter): Promise<boolean> {
  try {
    await catchUp(process)
    return true
  } catch (error) {
    if (error instanceof RpcError) return false
    throw error
  }
}

/** A stock executor whose connection ends while it starts a process keeps the id, and may keep nothing else. */
function neverSeen(error: unknown): ConnectionLost {
  const what = 'the answer was lost, and the executor knows no such process now'
  return new ConnectionLost(what, true, BridgeError.from(error))
}

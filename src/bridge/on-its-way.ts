import type { Methods } from '../protocol/methods.ts'
import type { Pulse } from '../rpc/transport.ts'
import { BRIDGE_LIMITS } from './limits.ts'

/** Their answers may be so large that they take long to come. */
const LARGE_ANSWERS: ReadonlySet<keyof Methods> = new Set([
  'fs/readFile',
  'fs/readBlock',
  'fs/readDirectory',
  'process/read',
])

/** A call as far as the line is concerned. */
export interface LineCall {
  readonly method: keyof Methods
  /** What had been sent on the connection when it had left. */
  readonly sentBytes?: number | undefined
}

/**
 * Tells, each time that the deadline of a call is over, whether that was the line's doing, which is slow and moves: then the executor
 * has had less time than that. Its request was still on the way, behind much or much itself; or a large answer comes, up to ten times.
 */
export function onItsWay(pulse: Pulse, call: LineCall): () => boolean {
  const { aheadBytes, answerPeriods } = BRIDGE_LIMITS
  const atFirst = pulse.arrivedBytes
  let { arrivedBytes, receivedBytes } = pulse
  let periods = 0
  return () => {
    const before = { arrivedBytes, receivedBytes }
    ;({ arrivedBytes, receivedBytes } = pulse)
    const { method, sentBytes: end } = call
    if (end === undefined) return false
    const isLong = end - atFirst >= aheadBytes
    if (isLong && before.arrivedBytes < end && arrivedBytes > before.arrivedBytes) return true
    const comes = LARGE_ANSWERS.has(method) && receivedBytes - before.receivedBytes >= aheadBytes
    return comes && ++periods < answerPeriods
  }
}

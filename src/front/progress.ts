import type { ToolCallOptions } from '../host/tool-host.ts'
import type { Clock } from '../util/clock.ts'
import { ExactNumber } from './exact-number.ts'
import { FRONT_LIMITS } from './limits.ts'
import type { Outgoing } from './message.ts'

/** Where the progress of one call goes. */
export interface ProgressTarget {
  /** `_meta.progressToken` as it came: without a token that is text or a number nothing is told. */
  readonly token: unknown
  /** False once the call has its answer or was canceled: then nothing is told any more. */
  isLive(): boolean
  offer(message: Outgoing): void
  readonly clock: Pick<Clock, 'now'>
}

/**
 * The `progress` of one call. A notification goes out when the last is long enough ago and the number has grown,
 * as the protocol wants it; the others are dropped.
 */
export function progressReporter(target: ProgressTarget): ToolCallOptions['progress'] {
  const { token, clock } = target
  const isToken = typeof token === 'string' || typeof token === 'number' || token instanceof ExactNumber
  if (!isToken) return () => {}
  let lastAt = Number.NEGATIVE_INFINITY
  let lastDone = Number.NEGATIVE_INFINITY
  return (done, total, message) => {
    const isDue = clock.now() - lastAt >= FRONT_LIMITS.progressEveryMs
    if (!isDue || !(done > lastDone) || !target.isLive()) return
    lastAt = clock.now()
    lastDone = done
    const params = { progressToken: token, progress: done, total, message }
    target.offer({ method: 'notifications/progress', params })
  }
}

import type { Clock } from './clock.ts'
import { deferred } from './deferred.ts'

/** Waits for work that goes on in any case, no longer than so many ms. */
export async function atMost(timeoutMs: number, work: Promise<void>, clock: Clock): Promise<void> {
  const tooLate = deferred<void>()
  using _ = clock.after(timeoutMs, tooLate.resolve)
  await Promise.race([work, tooLate.promise])
}

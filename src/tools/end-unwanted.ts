import { atMost } from '../util/at-most.ts'
import type { Clock } from '../util/clock.ts'
import { BridgeError } from '../util/errors.ts'
import type { ProcessHost } from './session.ts'

/** How long it is asked for: what it takes to find that a machine does not answer (20 s), and to reach it again (90 s). */
const ASK_MS = 120_000

/** How long whoever gave the process up waits to hear of it. */
const NEWS_MS = 5000

/**
 * Ends a process that nobody wants any more, with its whole group, and says in words what became of it; never rejects. Where the
 * machine does not answer soon it resolves before that is known: the caller waits 5 s, the process is asked to end for longer.
 */
export async function endUnwanted(
  host: Pick<ProcessHost, 'terminate'>,
  processId: string,
  { clock, onEnded }: { readonly clock: Clock; readonly onEnded?: () => void },
): Promise<string> {
  let outcome = 'is ended as soon as the machine answers'
  const end = host.terminate(processId, { timeoutMs: ASK_MS }).then(
    () => {
      outcome = 'was killed with its whole group'
      onEnded?.()
    },
    (error: unknown) => {
      outcome = `could not be ended and may still run (${BridgeError.from(error).message})`
    },
  )
  await atMost(NEWS_MS, end, clock)
  return outcome
}

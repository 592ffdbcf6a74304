import { BridgeError } from '../util/errors.ts'
import type { Logger } from '../util/log.ts'

/** What is tried, how its failure is told, and where a bug is noted. */
export interface Attempt<T> {
  /** For the log and the reader: `tools/list`, or the name of a tool. */
  readonly what: string
  readonly work: () => Promise<T>
  /** Makes the answer of the words for a failure. */
  readonly say: (words: string) => T
  readonly logger: Logger
}

/**
 * The only catch between a tool and the client: what was thrown becomes words, `[code] message`. What is not one of
 * our errors is a bug; it goes to the log with its stack, under a short id that is also in the words. Never rejects.
 */
export async function inWords<T>({ what, work, say, logger }: Attempt<T>): Promise<T> {
  try {
    return await work()
  } catch (reason) {
    return say(reason instanceof BridgeError ? reason.text : noteBug(reason, what, logger))
  }
}

function noteBug(reason: unknown, what: string, logger: Logger): string {
  const incident = Math.random().toString(36).slice(2, 8).padEnd(6, '0')
  const error = reason instanceof Error ? reason : new Error(String(reason))
  logger.error({ incident, what, stack: error.stack }, 'unexpected error')
  const message = error.message.length > 300 ? `${error.message.slice(0, 300)}…` : error.message
  return new BridgeError('internal', `Cannot finish ${what}: ${message} (in the log as ${incident})`).text
}

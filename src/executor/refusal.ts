import { getSystemErrorMap } from 'node:util'
import { BridgeError, type Code } from '../util/errors.ts'

/**
 * What this machine refused: the action (`Cannot read "/srv/x"`), and why (`no such file or directory`). The wire
 * carries only the second, as a stock exec-server does: the client knows what it tried.
 */
export class Refusal extends BridgeError {
  readonly reason: string
  /** The system's name of the error (`ENOENT`), when it was the system that refused. */
  readonly systemCode: string | undefined

  constructor(code: Code, action: string, reason: string, options: { cause?: unknown } = {}) {
    super(code, `${action}: ${reason}`, options)
    this.reason = reason
    this.systemCode = systemCodeOf(options.cause)
  }
}

/** Makes a refusal of an error of the system; errors of ours, and our bugs, come back as they are. */
export function refusalFrom(error: unknown, action: string): unknown {
  const systemCode = systemCodeOf(error)
  if (!systemCode) return error
  const { code } = BridgeError.from(error, 'conflict')
  return new Refusal(code, action, wordsOf(error, systemCode), { cause: error })
}

/** Does `work`; what the system refuses is told as a refusal of `action`. */
export async function attempt<T>(action: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw refusalFrom(error, action)
  }
}

/** `ENOENT` and the like; undefined when it is not an error of the system. */
export function systemCodeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || error instanceof BridgeError || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

function wordsOf(error: unknown, systemCode: string): string {
  // "cross-device link not permitted" reads as if a permission were missing.
  if (systemCode === 'EXDEV') return 'source and destination lie on different file systems'
  const words = [...getSystemErrorMap().values()].find(([name]) => name === systemCode)?.[1]
  return words ?? (error instanceof Error ? error.message : systemCode)
}

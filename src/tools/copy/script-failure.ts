import { BridgeError, type Code } from '../../util/errors.ts'

/** How a script ended that should have ended well. */
export interface ScriptEnd {
  readonly exitCode: number | undefined
  readonly stderr: string
}

/** The failure of a script as an error: `action`, then its own last words, with the code those words stand for. */
export function scriptFailure(action: string, { exitCode, stderr }: ScriptEnd): BridgeError {
  const words = lastWords(stderr)
  const [code] = CODES.find(([, pattern]) => pattern.test(words)) ?? ['internal' as const]
  return new BridgeError(
    code,
    `${action}: ${words || `the command ended with exit code ${exitCode ?? 'unknown'}`}`,
  )
}

/** Programs and shells say it all alike in the C locale: these are the texts of `strerror`. */
const CODES: readonly [Code, RegExp][] = [
  [
    'conflict',
    /No space left on device|Disk quota exceeded|File too large|Wrote only \d+ of|changed as we read it|removed before we read it/i,
  ],
  ['denied', /Permission denied|Operation not permitted|Read-only file system/i],
  ['invalid_input', /File name too long/i],
  // dash does not say why it cannot enter a directory.
  ['not_found', /No such file or directory|not found|can't cd to/i],
  ['conflict', /Is a directory|Not a directory|File exists|Directory not empty/i],
]

/** The first lines say what happened; what follows ("exiting with failure status") repeats it. */
function lastWords(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '')
  return lines.slice(0, 3).join('; ')
}

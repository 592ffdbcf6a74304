import { posix, win32 } from 'node:path'
import type { ExecutorInfo } from '../protocol/executor.ts'
import { pathFromWire } from '../protocol/paths.ts'
import { BridgeError } from '../util/errors.ts'
import { withoutNul } from './arguments.ts'

/**
 * The absolute path on a machine of what a model wrote: absolute, `~/…`, relative to the machine's working directory
 * (or `base`), with a drive or a share on Windows, or a `file:` URI. `.` and `..` are resolved by text, and a slash at the
 * end is gone. Throws `invalid_input` for an empty text, a NUL, and `~` where the home is not known.
 */
export function resolvePath(text: string, info: ExecutorInfo, base: string = info.cwd): string {
  const written = withoutNul(pathFromWire(text), 'The path')
  if (written === '')
    throw new BridgeError('invalid_input', 'The path is empty: give one, such as "src/main.c"')
  const path = info.os === 'windows' ? win32 : posix
  return path.resolve(base, withHome(written, info))
}

function withHome(path: string, { home, os }: ExecutorInfo): string {
  const isHome = path === '~' || path.startsWith('~/') || (os === 'windows' && path.startsWith('~\\'))
  if (!isHome) return path
  if (home === undefined)
    throw new BridgeError(
      'invalid_input',
      `The home directory of this machine is not known: write "${path}" as an absolute path`,
    )
  return `${home}/${path.slice(2)}`
}

import type { ExecutorInfo } from '../protocol/executor.ts'
import type { EnvironmentInfoResult } from '../protocol/methods.ts'
import { pathFromWire } from '../protocol/paths.ts'
import type { ShellAnswer } from './ask-shell.ts'

/** True when the executor tells too little of its machine: before 0.143 nothing, before 0.151 neither home nor system. */
export function mustAskShell({ shell, cwd, platformOs }: EnvironmentInfoResult): boolean {
  return !shell || !cwd || !platformOs
}

/**
 * What is known of a machine: what its executor told, then what a login shell answered (undefined: it was not asked),
 * then what every POSIX system has.
 */
export function infoFrom(told: EnvironmentInfoResult, asked: ShellAnswer | undefined): ExecutorInfo {
  const path = (text: string | undefined) => (text === undefined ? undefined : pathFromWire(text))
  const cwd = path(told.cwd) ?? asked?.cwd ?? '/'
  return {
    os: told.platformOs ?? asked?.os ?? (/^[A-Za-z]:/.test(cwd) ? 'windows' : 'linux'),
    shell: shellFrom(told, asked),
    cwd,
    home: path(told.userHomeDir) ?? asked?.home,
    tempDir: path(told.tempDir) ?? asked?.tempDir ?? '/tmp',
    version: told.executorVersion,
    askedShell: asked !== undefined,
  }
}

function shellFrom({ shell }: EnvironmentInfoResult, asked: ShellAnswer | undefined): ExecutorInfo['shell'] {
  if (shell) return { name: shell.name, path: pathFromWire(shell.path) }
  const path = asked?.shell ?? '/bin/sh'
  return { name: path.slice(path.lastIndexOf('/') + 1), path }
}

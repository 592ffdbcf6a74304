import { accessSync, constants } from 'node:fs'
import { homedir, tmpdir, userInfo } from 'node:os'
import { basename, resolve } from 'node:path'
import type { ExecutorInfo } from '../protocol/executor.ts'
import { VERSION } from '../util/version.ts'

/** What is to know of this machine, with `cwd` as the place where relative paths start. */
export function describeMachine(cwd: string): ExecutorInfo {
  const path = shellPath()
  return {
    os: OS_NAMES[process.platform] ?? process.platform,
    shell: { name: basename(path, '.exe'), path },
    cwd: resolve(cwd),
    home: homedir() || undefined,
    tempDir: tmpdir(),
    version: VERSION,
    askedShell: false,
  }
}

const OS_NAMES: Readonly<Partial<Record<NodeJS.Platform, string>>> = {
  linux: 'linux',
  darwin: 'macos',
  win32: 'windows',
}

/** The user's shell: $SHELL, else what the system's list of users says, else /bin/sh. */
function shellPath(): string {
  if (process.platform === 'win32') return process.env.ComSpec ?? 'cmd.exe'
  return [process.env.SHELL, loginShell()].find(isShell) ?? '/bin/sh'
}

function loginShell(): string | undefined {
  try {
    return userInfo().shell ?? undefined
  } catch {
    return undefined // a user without an entry, as in many containers
  }
}

/** Accounts of services have a program there that only says no. */
function isShell(path: string | undefined): path is string {
  if (!path?.startsWith('/') || /\/(nologin|false)$/.test(path)) return false
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

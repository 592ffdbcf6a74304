import { execFileSync } from 'node:child_process'
import { userInfo } from 'node:os'
import { BridgeError } from '../util/errors.ts'

/** Whose rights this process is to have from now on. */
export interface Identity {
  /** A name or a number; undefined: as it is. */
  readonly user: string | undefined
  /** This one, and no other; without it: the groups of the user. */
  readonly group: string | undefined
}

/**
 * Gives up the rights of root for those of another user and group, for good, with that user's HOME, USER and SHELL for what is
 * started. Does nothing when neither is given; throws `denied` when this process is not root's, `invalid_input` for a name that
 * is not known.
 */
export function become({ user, group }: Identity): void {
  if (user === undefined && group === undefined) return
  const { setgid, setgroups, setuid, getuid } = process
  // Node's types do not know it.
  const initgroups: unknown = Reflect.get(process, 'initgroups')
  if (!setgid || !setgroups || !setuid || typeof initgroups !== 'function' || getuid?.() !== 0)
    throw new BridgeError(
      'denied',
      'Cannot change user or group: only root can, so start it as root, or without',
    )
  try {
    const main = idOrName(group ?? groupOf(user!))
    if (group !== undefined) setgroups([main])
    else Reflect.apply(initgroups, process, [idOrName(user!), main])
    setgid(main)
    if (user !== undefined) setuid(idOrName(user))
  } catch (error) {
    const { message } = BridgeError.from(error)
    const words = [user && `user "${user}"`, group && `group "${group}"`].filter(Boolean).join(', ')
    throw new BridgeError('invalid_input', `Cannot become ${words}: ${message}`, { cause: error })
  }
  if (user !== undefined) liveAs(userInfo())
}

/** A user without a login group of its own name is told by the system's own list. */
function groupOf(user: string): string {
  return execFileSync('id', ['-g', '--', user], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim()
}

function idOrName(text: string): string | number {
  return /^\d+$/.test(text) ? Number(text) : text
}

/** Where the user before had its own things. */
const OWN_PLACES = [
  'XDG_CACHE_HOME',
  'XDG_CONFIG_HOME',
  'XDG_DATA_HOME',
  'XDG_RUNTIME_DIR',
  'XDG_STATE_HOME',
] as const

function liveAs({ homedir, username, shell }: ReturnType<typeof userInfo>): void {
  Object.assign(process.env, { HOME: homedir, USER: username, LOGNAME: username })
  for (const name of OWN_PLACES) delete process.env[name]
  if (shell) process.env.SHELL = String(shell)
}

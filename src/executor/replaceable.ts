import type { Stats } from 'node:fs'

/** set-user-id and set-group-id: the system takes them from a file that somebody else than root writes into. */
const SET_ID_BITS = 0o6000

/**
 * Whether another file may be renamed over this entry (`lstat`) without loss: a plain file with no second name, of our own user and
 * group, one that we may write into as it is, and none that the system gives another mode when that is done.
 */
export function isReplaceable(there: Stats): boolean {
  const user = process.geteuid?.()
  const isOurs = there.uid === user && there.gid === process.getegid?.()
  const isPlain = there.isFile() && there.nlink === 1 && (there.mode & SET_ID_BITS) === 0
  return isPlain && isOurs && (user === 0 || (there.mode & 0o200) !== 0)
}

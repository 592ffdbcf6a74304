import type { Stats } from 'node:fs'

/**
 * Whether another file may be renamed over this entry (`lstat`) without loss: a plain file with no second name, of our own user and
 * group, and one that we may write into as it is.
 */
export function isReplaceable(there: Stats): boolean {
  const user = process.geteuid?.()
  const isOurs = there.uid === user && there.gid === process.getegid?.()
  return there.isFile() && there.nlink === 1 && isOurs && (user === 0 || (there.mode & 0o200) !== 0)
}

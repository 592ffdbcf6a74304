import { BridgeError } from '../util/errors.ts'

/** How the C library that codex is built with (musl) names what goes wrong with files. */
const WORDS: Readonly<Record<string, string>> = {
  EPERM: 'Operation not permitted',
  ENOENT: 'No such file or directory',
  EIO: 'I/O error',
  ENXIO: 'No such device or address',
  ENOMEM: 'Out of memory',
  EACCES: 'Permission denied',
  EEXIST: 'File exists',
  ENODEV: 'No such device',
  ENOTDIR: 'Not a directory',
  EISDIR: 'Is a directory',
  EINVAL: 'Invalid argument',
  ENFILE: 'Too many open files in system',
  EMFILE: 'No file descriptors available',
  ETXTBSY: 'Text file busy',
  EFBIG: 'File too large',
  ENOSPC: 'No space left on device',
  EROFS: 'Read-only file system',
  ENAMETOOLONG: 'Filename too long',
  ELOOP: 'Symbolic link loop',
  EDQUOT: 'Quota exceeded',
}

/** Runs file system calls; a system error becomes one of ours with codex's words for it. Only a missing entry is `not_found`. */
export function withReasons<T>(run: () => T): T {
  try {
    return run()
  } catch (reason) {
    const { code, errno } = reason as NodeJS.ErrnoException
    if (reason instanceof BridgeError || code === undefined || errno === undefined)
      throw BridgeError.from(reason)
    const message = `${WORDS[code] ?? code} (os error ${-errno})`
    throw new BridgeError(code === 'ENOENT' ? 'not_found' : classOf(reason), message, { cause: reason })
  }
}

function classOf(reason: unknown) {
  const { code } = BridgeError.from(reason)
  return code === 'not_found' ? 'conflict' : code
}

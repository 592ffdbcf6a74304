import { chmod, copyFile, lstat, mkdir, readdir, readlink, realpath, symlink, unlink } from 'node:fs/promises'
import { throwIfAborted } from '../util/signals.ts'
import { childPath, quote, systemPath } from './files.ts'
import { attempt, Refusal, systemCodeOf } from './refusal.ts'

/**
 * Copies on this machine: modes are kept, links stay links, files that are there are overwritten, directories that are
 * there are filled. A directory needs `recursive`, and cannot go into itself. What it has copied when it fails stays.
 */
export async function copyTree(
  from: string,
  to: string,
  { recursive }: { recursive: boolean },
  signal: AbortSignal,
): Promise<void> {
  const [source, destination] = [systemPath(from), systemPath(to)]
  const action = `Cannot copy ${quote(from)} to ${quote(to)}`
  await attempt(action, async () => {
    if ((await lstat(source)).isDirectory()) {
      if (!recursive) throw new Refusal('conflict', action, 'it is a directory: copy it with recursive: true')
      if (await isWithin(destination, source))
        throw new Refusal('conflict', action, 'a directory cannot be copied into itself')
    }
    await copyEntry(source, destination, action, signal)
  })
}

async function copyEntry(from: Buffer, to: Buffer, action: string, signal: AbortSignal): Promise<void> {
  throwIfAborted(signal)
  const found = await lstat(from)
  if (found.isDirectory()) {
    await ensureDirectory(to)
    for (const name of await readdir(from, { encoding: 'buffer' }))
      await copyEntry(childPath(from, name), childPath(to, name), action, signal)
  } else if (found.isSymbolicLink()) {
    await removeIfThere(to)
    return symlink(await readlink(from, { encoding: 'buffer' }), to)
  } else if (found.isFile()) await copyFile(from, to)
  else throw new Refusal('conflict', action, `${quote(from.toString())} is neither a file nor a directory`)
  // Last: a directory that may not be written must be filled first, and a file that was there has a mode of its own.
  await chmod(to, found.mode & 0o7777)
}

async function ensureDirectory(path: Buffer): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (error) {
    if (systemCodeOf(error) !== 'EEXIST' || !(await lstat(path)).isDirectory()) throw error
  }
}

async function removeIfThere(path: Buffer): Promise<void> {
  try {
    await unlink(path)
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT') throw error
  }
}

/** The place a path will have, told by its nearest parent that is there, lies in the directory. */
async function isWithin(path: Buffer, directory: Buffer): Promise<boolean> {
  const root = `${await realpath(directory, { encoding: 'latin1' })}/`
  for (let at = path.toString('latin1'); ; at = at.slice(0, at.lastIndexOf('/'))) {
    try {
      const real = await realpath(Buffer.from(at || '/', 'latin1'), { encoding: 'latin1' })
      return `${real}/`.startsWith(root)
    } catch (error) {
      if (systemCodeOf(error) !== 'ENOENT' || at === '') throw error
    }
  }
}

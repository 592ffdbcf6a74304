import { constants, type Stats } from 'node:fs'
import {
  chmod,
  copyFile,
  type FileHandle,
  lstat,
  mkdir,
  open,
  readdir,
  readlink,
  symlink,
  unlink,
} from 'node:fs/promises'
import { throwIfAborted } from '../util/signals.ts'
import { inDirectory, openReadable, openWritable } from './open-place.ts'
import { entryPath, type Place, type Places } from './places.ts'
import { isWithin } from './real-path.ts'
import { attempt, Refusal, systemCodeOf } from './refusal.ts'

/**
 * Copies on this machine: modes are kept, links stay links, files that are there are overwritten, directories that are
 * there are filled. A directory needs `recursive`, and cannot go into itself. What it has copied when it fails stays.
 */
export async function copyTree(
  places: Places,
  from: string,
  to: string,
  { recursive, signal }: { recursive: boolean; signal: AbortSignal },
): Promise<void> {
  const action = `Cannot copy ${JSON.stringify(from)} to ${JSON.stringify(to)}`
  await attempt(action, async () => {
    if ((await lookAt(places, from)).isDirectory()) {
      if (!recursive) throw new Refusal('conflict', action, 'it is a directory: copy it with recursive: true')
      if (await isWithin(places, to, from))
        throw new Refusal('conflict', action, 'a directory cannot be copied into itself')
    }
    await new TreeCopy(places, action, signal).entry(from, to)
  })
}

/** One copy. Each entry is found by its path from the top: where places are confined, that is looked at every time. */
class TreeCopy {
  readonly #places: Places
  readonly #action: string
  readonly #signal: AbortSignal

  constructor(places: Places, action: string, signal: AbortSignal) {
    this.#places = places
    this.#action = action
    this.#signal = signal
  }

  async entry(from: string, to: string): Promise<void> {
    throwIfAborted(this.#signal)
    const found = await lookAt(this.#places, from)
    if (found.isDirectory()) return this.#directory(from, to, found)
    if (found.isSymbolicLink()) return this.#link(from, to)
    if (found.isFile()) return this.#file(from, to, found)
    const reason = `${JSON.stringify(from)} is neither a file nor a directory`
    throw new Refusal('conflict', this.#action, reason)
  }

  async #directory(from: string, to: string, found: Stats): Promise<void> {
    await this.#places.at(to, 'keep', ensureDirectory)
    const read = (place: Place) =>
      inDirectory(this.#places, place.path, (held) => readdir(held, { encoding: 'buffer' }))
    const names = await this.#places.at(from, 'keep', read)
    for (const name of names) await this.entry(entryPath(from, name), entryPath(to, name))
    // Last: one that may not be written must be filled first.
    await this.#setMode(to, found)
  }

  async #link(from: string, to: string): Promise<void> {
    const target = await this.#places.at(from, 'keep', ({ path }) => readlink(path, { encoding: 'buffer' }))
    await this.#places.at(to, 'keep', async ({ path }) => {
      await removeIfThere(path)
      await symlink(target, path)
    })
  }

  async #file(from: string, to: string, found: Stats): Promise<void> {
    if (this.#places.isConfined) return this.#fileByHandles(from, to, found)
    const copy = (source: Place) => this.#places.at(to, 'follow', ({ path }) => copyFile(source.path, path))
    await this.#places.at(from, 'keep', copy)
    // One that was there has a mode of its own.
    await this.#setMode(to, found)
  }

  /** The system's own copy follows links. */
  async #fileByHandles(from: string, to: string, found: Stats): Promise<void> {
    await using source = await openReadable(this.#places, from, this.#action)
    await using destination = await openWritable(this.#places, to, this.#action)
    await copyBytes(source, destination, this.#signal)
    await destination.chmod(found.mode & 0o7777)
  }

  async #setMode(path: string, { mode }: Stats): Promise<void> {
    const { isConfined } = this.#places
    await this.#places.at(path, isConfined ? 'keep' : 'follow', async (place) => {
      if (!isConfined) return await chmod(place.path, mode & 0o7777)
      await using held = await open(place.path, constants.O_RDONLY | constants.O_NOFOLLOW)
      await held.chmod(mode & 0o7777)
    })
  }
}

const PIECE_BYTES = 1024 * 1024

async function copyBytes(from: FileHandle, to: FileHandle, signal: AbortSignal): Promise<void> {
  const buffer = Buffer.allocUnsafe(PIECE_BYTES)
  for (;;) {
    throwIfAborted(signal)
    const { bytesRead } = await from.read(buffer, 0, buffer.length, null)
    if (bytesRead === 0) return
    for (let at = 0; at < bytesRead; ) at += (await to.write(buffer, at, bytesRead - at, null)).bytesWritten
  }
}

function lookAt(places: Places, path: string): Promise<Stats> {
  return places.at(path, 'keep', (place) => lstat(place.path))
}

async function ensureDirectory({ path }: Place): Promise<void> {
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

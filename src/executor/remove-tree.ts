import { lstat, readdir, rm, rmdir, unlink } from 'node:fs/promises'
import { inDirectory } from './open-place.ts'
import { entryPath, type Places } from './places.ts'
import { Refusal, systemCodeOf } from './refusal.ts'

/**
 * Removes a file, a link itself, or a directory with all that is in it. Rejects with what the system says; what it has removed
 * until then is gone.
 */
export async function removeTree(
  places: Places,
  path: string,
  request: { recursive: boolean; action: string },
): Promise<void> {
  await places.at(path, 'keep', async (place) => {
    if (places.isConfined && place.path.toString('latin1').endsWith('/.'))
      throw new Refusal('denied', request.action, 'this executor is confined to it')
    if (!(await lstat(place.path)).isDirectory()) return await unlink(place.path)
    if (!request.recursive) return await rmdir(place.path)
    if (!places.isConfined) return await rm(place.path, { recursive: true })
    // Each entry is found anew, from the root on: no link that came meanwhile leads elsewhere.
    const names = await inDirectory(places, place.path, (held) => readdir(held, { encoding: 'buffer' }))
    for (const name of names) await removeEntry(places, entryPath(place.real, name), request)
    await rmdir(place.path)
  })
}

/** Somebody else may have removed it meanwhile. */
async function removeEntry(
  places: Places,
  path: string,
  request: { recursive: boolean; action: string },
): Promise<void> {
  try {
    await removeTree(places, path, request)
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT') throw error
  }
}

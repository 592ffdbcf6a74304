import { lstat, realpath } from 'node:fs/promises'
import { pathFromBytes } from '../protocol/paths.ts'
import type { Places } from './places.ts'
import { systemCodeOf } from './refusal.ts'

/** The path without links and dots. Rejects with what the system says when it leads nowhere. */
export function realPath(places: Places, path: string): Promise<string> {
  return places.at(path, 'follow', async (place) => {
    if (!places.isConfined) return pathFromBytes(await realpath(place.path, { encoding: 'buffer' }))
    await lstat(place.path)
    return place.real
  })
}

/** The place a path will have, told by its nearest parent that is there, lies in the directory. */
export async function isWithin(places: Places, path: string, directory: string): Promise<boolean> {
  const root = `${await realPath(places, directory)}/`
  for (let at = path; ; at = at.slice(0, at.lastIndexOf('/'))) {
    try {
      return `${await realPath(places, at || '/')}/`.startsWith(root)
    } catch (error) {
      if (systemCodeOf(error) !== 'ENOENT' || at === '') throw error
    }
  }
}

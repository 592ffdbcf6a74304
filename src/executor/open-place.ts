import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import type { Places } from './places.ts'
import { attempt, Refusal } from './refusal.ts'

/** Opening a named pipe must not wait for its other end: all of Node's file calls share four threads. */
const NO_WAIT = constants.O_NONBLOCK ?? 0

/** Opens what can be read to an end: neither a directory nor a pipe, which would wait for somebody to write. */
export function openReadable(places: Places, path: string, action: string): Promise<FileHandle> {
  return openPlace(places, path, action, constants.O_RDONLY)
}

/** Opens for writing in place: made or emptied, its mode kept, links followed. */
export function openWritable(places: Places, path: string, action: string): Promise<FileHandle> {
  return openPlace(places, path, action, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC)
}

/** As `openWritable`, but what is there stays. */
export function openForUpdate(places: Places, path: string, action: string): Promise<FileHandle> {
  return openPlace(places, path, action, constants.O_WRONLY | constants.O_CREAT)
}

/** Lets `work` at a directory as it is now, by a path under which nothing else can stand. */
export async function inDirectory<T>(
  { isConfined }: Places,
  path: Buffer,
  work: (path: Buffer) => Promise<T>,
): Promise<T> {
  if (!isConfined || process.platform !== 'linux') return work(path)
  await using held = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  return await work(Buffer.from(`/proc/self/fd/${held.fd}`))
}

async function openPlace(places: Places, path: string, action: string, flags: number): Promise<FileHandle> {
  const noFollow = places.isConfined ? (constants.O_NOFOLLOW ?? 0) : 0
  const file = await attempt(action, () =>
    places.at(path, 'follow', (place) => open(place.path, flags | noFollow | NO_WAIT, 0o666)),
  )
  const found = await file.stat()
  const isStream = found.isFIFO() || found.isSocket()
  if (!isStream && !found.isDirectory()) return file
  await file.close()
  throw new Refusal('conflict', action, isStream ? 'it is a named pipe' : 'it is a directory')
}

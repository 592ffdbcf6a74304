import { lstat } from 'node:fs/promises'
import type { ExecutorInfo } from '../protocol/executor.ts'
import { confinedPlaces } from './confined-places.ts'
import { ALL_PLACES, type Places, systemPath } from './places.ts'
import { type Program, startAction } from './program.ts'
import { Refusal } from './refusal.ts'

/** What clients may use of this machine. */
export interface Bounds {
  /** Where files may be used. Commands are not held to it: they may go wherever their user may. */
  readonly places: Places
  /** The directory that this is, if it is one. */
  readonly root: string | undefined
  /** No file is changed, and no command started: a command could change any. */
  readonly isReadOnly: boolean
}

export const NO_BOUNDS: Bounds = { places: ALL_PLACES, root: undefined, isReadOnly: false }

/** Bounds of a machine; rejects with `invalid_input`, or what the system says, when the root is no directory. */
export async function makeBounds(request: {
  root?: string | undefined
  isReadOnly: boolean
}): Promise<Bounds> {
  const { root, isReadOnly } = request
  if (root === undefined) return { ...NO_BOUNDS, isReadOnly }
  const places = await confinedPlaces(root)
  return { places, root: places.root, isReadOnly }
}

/** Throws `denied` where nothing may be changed. */
export function requireWriting({ isReadOnly }: Bounds, action: string): void {
  if (isReadOnly) throw new Refusal('denied', action, 'this executor is read-only')
}

/** Where a command works that names all its paths, as the scripts of a copy do: it may read there what it may read anyway. */
const NOWHERE = '/'

/** Rejects with `denied` where no command may be started, or not in that directory. */
export async function requireStart(
  { isReadOnly, places, root }: Bounds,
  { argv, cwd }: Program,
): Promise<void> {
  systemPath(cwd)
  const action = startAction(argv)
  if (isReadOnly) throw new Refusal('denied', action, 'this executor is read-only, and starts no commands')
  if (root === undefined || cwd === NOWHERE) return
  // What is wrong with a directory that it may work in is told by the start itself.
  await places.at(cwd, 'follow', (place) => lstat(place.path)).catch(rethrowDenied)
}

/** What is told of a machine, with no directory outside of its root. */
export function infoWithin({ root }: Bounds, info: ExecutorInfo): ExecutorInfo {
  if (root === undefined) return info
  const isInside = (path: string) => path === root || path.startsWith(root === '/' ? root : `${root}/`)
  return {
    ...info,
    cwd: isInside(info.cwd) ? info.cwd : root,
    home: info.home !== undefined && isInside(info.home) ? info.home : undefined,
    tempDir: isInside(info.tempDir) ? info.tempDir : root,
  }
}

function rethrowDenied(error: unknown): void {
  if (error instanceof Refusal && error.code === 'denied') throw error
}

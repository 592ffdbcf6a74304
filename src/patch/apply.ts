import { BridgeError } from '../util/errors.ts'
import { type Files, NO_SUCH_FILE, notAFile } from './files.ts'
import type { FileOp, UpdateFile } from './patch.ts'
import { PatchError } from './patch-error.ts'
import { parentOf, pathsOf } from './paths.ts'
import type { Edit, Placement } from './place.ts'
import { mismatchText, rewrite } from './rewrite.ts'
import { Seeker } from './seek.ts'
import { Source } from './source.ts'
import { utf8Problem } from './utf8.ts'

/** Where a patch is applied: the files, and what its paths mean there. `resolve` may throw a `PatchError`. */
export interface PatchTarget {
  readonly files: Files
  resolve(path: string): string
  /** What was learned of texts, for who applies several sections to the same bytes. */
  readonly seekers?: WeakMap<Uint8Array, Seeker> | undefined
}

/** What an update did inside a file. */
export interface Updated {
  readonly seeker: Seeker
  readonly edits: readonly Edit[]
  readonly placements: readonly Placement[]
}

/** Applies one section: all of it, or nothing and a `PatchError`. Tells what an update with hunks changed. */
export async function applySection(target: PatchTarget, op: FileOp): Promise<Updated | undefined> {
  const path = target.resolve(op.path)
  switch (op.kind) {
    case 'add':
      await writeWithParents(target.files, path, Buffer.from(op.content))
      return undefined
    case 'delete':
      await attempt(target.files.remove(path), `Failed to delete file ${path}`)
      return undefined
    case 'update':
      return op.hunks.length > 0 ? update(target, op, path) : rename(target, op, path)
  }
}

async function update(target: PatchTarget, op: UpdateFile, path: string): Promise<Updated> {
  const seeker = seekerFor(target, await readText(target.files, path))
  const result = rewrite(seeker, op)
  if (!result.ok) {
    const { mismatch } = result
    const unplaced = { mismatch, seeker, hunkCount: op.hunks.length }
    throw new PatchError(mismatchText(mismatch, path), { unplaced })
  }
  if (op.newPath === undefined) await writeWithParents(target.files, path, result.bytes)
  else await move(target, { from: path, to: target.resolve(op.newPath) }, result.bytes)
  return { seeker, edits: result.edits, placements: result.placements }
}

interface Way {
  readonly from: string
  readonly to: string
}

/** Writes the new file, then removes the old one; where the two are the same file, the new text is all there is to do. */
async function move({ files }: PatchTarget, { from, to }: Way, bytes: Uint8Array): Promise<void> {
  if (await isSame(files, from, to)) return attempt(files.write(from, bytes), `Failed to write file ${to}`)
  await writeWithParents(files, to, bytes, from)
  try {
    await files.remove(from)
  } catch (reason) {
    const { code, message } = BridgeError.from(reason)
    const cause = new BridgeError(code, `${message}; ${to} is written`, { cause: reason })
    throw new PatchError(`Failed to remove original ${from}`, { cause })
  }
}

/** Whether writing to a place would write to the very entry that is to be removed: by its own name, or through links. */
async function isSame(files: Files, from: string, to: string): Promise<boolean> {
  if (from === to) return true
  const { basename, join } = pathsOf(from)
  const [parent, there] = await Promise.all([
    attempt(files.identify(parentOf(from)), `Failed to remove original ${from}`),
    attempt(files.identify(to), `Failed to write file ${to}`),
  ])
  return join(parent, basename(from)) === there
}

/** A new name and no hunks: the bytes are not looked at, so any file can be renamed. */
async function rename(target: PatchTarget, op: UpdateFile, from: string): Promise<undefined> {
  const { files } = target
  const failed = (reason: string) => `Failed to read file to update ${from}: ${reason}`
  const found = await attempt(files.look(from), failed)
  if (found?.kind !== 'file') throw new PatchError(failed(found ? notAFile(from) : NO_SUCH_FILE))
  const to = target.resolve(op.newPath ?? op.path)
  if (!(await isSame(files, from, to))) await withParents(files, to, () => files.rename(from, to))
  return undefined
}

async function readText(files: Files, path: string): Promise<Uint8Array> {
  const failed = (reason: string) => `Failed to read file to update ${path}: ${reason}`
  const bytes = await attempt(files.read(path), failed)
  const problem = utf8Problem(bytes)
  if (problem === undefined) return bytes
  const cause = new BridgeError('conflict', 'only files that are UTF-8 can be changed')
  throw new PatchError(failed(problem), { cause })
}

function writeWithParents(files: Files, path: string, bytes: Uint8Array, like?: string): Promise<void> {
  return withParents(files, path, () => files.write(path, bytes, like))
}

/** Makes the directories of a new file when it turns out that they are missing, and then tries once more. */
async function withParents(files: Files, path: string, write: () => Promise<void>): Promise<void> {
  const failed = `Failed to write file ${path}`
  try {
    return await write()
  } catch (reason) {
    if (!(reason instanceof BridgeError) || reason.code !== 'not_found') throw patchError(reason, failed)
  }
  await attempt(files.makeDirectory(parentOf(path)), `Failed to create parent directories for ${path}`)
  await attempt(write(), failed)
}

async function attempt<T>(work: Promise<T>, words: string | ((reason: string) => string)): Promise<T> {
  try {
    return await work
  } catch (reason) {
    throw patchError(reason, words)
  }
}

/** What is none of our errors is a bug, and shows as it is. */
function patchError(reason: unknown, words: string | ((reason: string) => string)): unknown {
  if (!(reason instanceof BridgeError)) return reason
  return new PatchError(typeof words === 'string' ? words : words(reason.message), { cause: reason })
}

function seekerFor({ seekers }: PatchTarget, bytes: Uint8Array): Seeker {
  const seeker = seekers?.get(bytes) ?? new Seeker(new Source(bytes))
  seekers?.set(bytes, seeker)
  return seeker
}

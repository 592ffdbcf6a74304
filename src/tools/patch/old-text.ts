import type { PatchTarget } from '../../patch/apply.ts'
import type { FileOp } from '../../patch/patch.ts'
import { Source } from '../../patch/source.ts'
import { utf8Problem } from '../../patch/utf8.ts'

/** A file that a section replaces or removes as a whole: what it held, `none` when it was not there, or undefined: not known. */
export type OldText = Source | 'none' | undefined

/** Reading a file only to show that it is gone must not cost more than removing it is worth. */
const MAX_SHOWN_BYTES = 256 * 1024

/** Reads what an Add or a Delete is about to replace or remove, to show it; never fails. */
export async function readOldText({ files, resolve }: PatchTarget, op: FileOp): Promise<OldText> {
  if (op.kind === 'update') return undefined
  try {
    const path = resolve(op.path)
    const found = await files.look(path)
    if (!found) return 'none'
    if (found.kind !== 'file' || (found.size ?? Number.POSITIVE_INFINITY) > MAX_SHOWN_BYTES) return undefined
    const bytes = await files.read(path)
    return utf8Problem(bytes) === undefined ? new Source(bytes) : undefined
  } catch {
    // The section itself will meet the same, and say it.
    return undefined
  }
}

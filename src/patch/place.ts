import { Block } from './lines.ts'
import { expectedLines, type PatchHunk, resultingLines } from './patch.ts'
import type { Place, Seeker } from './seek.ts'

/** Lines of a file to be replaced: from `line` on, `remove` of them, by `insert`. */
export interface Edit {
  readonly line: number
  readonly remove: number
  readonly insert: readonly string[]
}

/** A hunk that has its place. */
export interface Placement {
  readonly hunk: PatchHunk
  /** Where the search for its block began: behind the anchors and the hunk before. */
  readonly from: number
  /** Undefined for hunks that only add, which stand at the end of the file. */
  readonly place: Place | undefined
  /** How many lines of the file it covers. */
  readonly length: number
}

/** The hunk that has no place, and why. */
export interface Mismatch {
  /** Which hunk, from 0. */
  readonly index: number
  readonly hunk: PatchHunk
  /** An anchor or a block that stands nowhere, or a block that stands in two places and may stand in one only. */
  readonly missing: 'anchor' | 'block' | 'choice'
  /** The lines that were looked for. */
  readonly block: readonly string[]
  /** Where the search began. */
  readonly from: number
  /** The hunks before it. */
  readonly placed: readonly Placement[]
}

/** What becomes of a list of hunks: edits in the order of the file, or the hunk that stopped it. */
export type Placed =
  | { readonly ok: true; readonly edits: readonly Edit[]; readonly placements: readonly Placement[] }
  | { readonly ok: false; readonly mismatch: Mismatch }

/** Finds the places of hunks in a file, one after the other, all against the file as it was. */
export function placeHunks(seeker: Seeker, hunks: readonly PatchHunk[]): Placed {
  const placed: Placement[] = []
  const edits: Edit[] = []
  let from = 0
  for (const [index, hunk] of hunks.entries()) {
    const found = placeHunk(seeker, hunk, from)
    if ('missing' in found) return { ok: false, mismatch: { ...found, index, hunk, placed } }
    placed.push(found.placement)
    for (const edit of found.edits) edits.push(edit)
    from = found.next
  }
  // Sorting is stable: edits of one line stay in the order of the patch.
  return { ok: true, edits: edits.sort((a, b) => a.line - b.line), placements: placed }
}

type FoundHunk =
  | { readonly placement: Placement; readonly edits: readonly Edit[]; readonly next: number }
  | Pick<Mismatch, 'missing' | 'block' | 'from'>

function placeHunk(seeker: Seeker, hunk: PatchHunk, start: number): FoundHunk {
  let from = start
  for (const anchor of hunk.anchors) {
    const place = seeker.find({ block: Block.of([anchor]), from })
    if (!place) return { missing: 'anchor', block: [anchor], from }
    from = place.line + 1
  }
  if (expectedLines(hunk).length === 0) return append(seeker, hunk, from)
  return placeBlock(seeker, hunk, from)
}

/** A hunk that only adds stands at the end of the file, whatever its anchor; in a unified diff, at its line. */
function append(seeker: Seeker, hunk: PatchHunk, from: number): FoundHunk {
  const { lineCount } = seeker.source
  const { near } = hunk
  const line = near === undefined ? lineCount : Math.min(lineCount, Math.max(from, near))
  const edits = [{ line, remove: 0, insert: resultingLines(hunk) }]
  const placement = { hunk, from, place: undefined, length: 0 }
  return { placement, edits, next: near === undefined ? from : line }
}

function placeBlock(seeker: Seeker, hunk: PatchHunk, from: number): FoundHunk {
  const { endOfFile, near } = hunk
  let block = expectedLines(hunk)
  let result = resultingLines(hunk)
  let place = seeker.find({ block: Block.of(block), from, endOfFile, near })
  if (!place && block.at(-1) === '') {
    // The empty line at the end of a hunk is often only the end of the text: without it, once more.
    const shorter = block.slice(0, -1)
    if (result.at(-1) === '') result = result.slice(0, -1)
    place = seeker.find({ block: Block.of(shorter), from, endOfFile, near })
    if (place) block = shorter
  }
  if (!place) return { missing: 'block', block, from }
  if (hunk.unique && seeker.places(place.level, { block: Block.of(block), from, endOfFile }, 2).length > 1)
    return { missing: 'choice', block, from }
  const placement = { hunk, from, place, length: block.length }
  const edits = editsOf(hunk, place.line, { expected: block.length, result })
  return { placement, edits, next: place.line + block.length }
}

/**
 * Cuts a found hunk at its context lines, which keep the file's own text. Behind a context line that only the shortened
 * search found room for, nothing can be paired: the rest is one edit.
 */
function editsOf(
  hunk: PatchHunk,
  start: number,
  size: { expected: number; result: readonly string[] },
): Edit[] {
  const { expected, result } = size
  const edits: Edit[] = []
  let old = { from: 0, to: 0 }
  let made = { from: 0, to: 0 }
  const cut = (oldTo: number, madeTo: number) => {
    const insert = result.slice(made.from, madeTo)
    const remove = oldTo - old.from
    if (remove > 0 || insert.length > 0) edits.push({ line: start + old.from, remove, insert })
  }
  for (const { kind } of hunk.lines) {
    if (kind === 'context') {
      if (old.to >= expected || made.to >= result.length) break
      cut(old.to, made.to)
      old = { from: old.to + 1, to: old.to + 1 }
      made = { from: made.to + 1, to: made.to + 1 }
    } else if (kind === 'remove') old.to++
    else made.to++
  }
  cut(expected, result.length)
  return edits
}

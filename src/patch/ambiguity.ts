import { Block } from './lines.ts'
import { expectedLines } from './patch.ts'
import type { Placement } from './place.ts'
import type { Seeker } from './seek.ts'
import { listLines, MAX_PLACES } from './unplaced.ts'

/** How many hunks of a section are said to be ambiguous, at most. */
const MAX_HUNKS = 3

/**
 * Says which hunks that have been placed would have fitted elsewhere just as well, for codex takes the first place: one that no other
 * hunk of the section took, and that the hunk's `@@` line does not tell apart.
 */
export function ambiguities(seeker: Seeker, placements: readonly Placement[]): string[] {
  const notes: string[][] = []
  for (const [index, placement] of placements.entries()) {
    if (notes.length === MAX_HUNKS) break
    const others = otherPlaces(seeker, placement, placements)
    if (others.length > 0) notes.push(noteOn(seeker, placement, { index, others }))
  }
  return notes.flat()
}

function noteOn(
  { source }: Seeker,
  { place }: Placement,
  { index, others }: { index: number; others: readonly number[] },
): string[] {
  return [
    `Hunk ${index + 1} was taken for line ${(place?.line ?? 0) + 1}, the first place of several; it fits as well at:`,
    ...listLines(source, others),
  ]
}

function otherPlaces(seeker: Seeker, placement: Placement, placements: readonly Placement[]): number[] {
  const { hunk, place, from, length } = placement
  if (!place || length === 0 || hunk.endOfFile || hunk.near !== undefined) return []
  const block = Block.of(expectedLines(hunk).slice(0, length))
  const places = seeker.places(place.level, { block, from }, 2 * MAX_PLACES)
  const anchor = hunk.anchors.at(-1)
  const nextAnchor =
    anchor === undefined ? place : seeker.find({ block: Block.of([anchor]), from: place.line })
  return places
    .filter((line) => nextAnchor && line > nextAnchor.line && !isTaken(line, length, placements))
    .slice(0, MAX_PLACES)
}

function isTaken(line: number, length: number, placements: readonly Placement[]): boolean {
  return placements.some(
    (other) => other.place && line < other.place.line + other.length && other.place.line < line + length,
  )
}

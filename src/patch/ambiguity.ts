import { Block } from './lines.ts'
import { expectedLines } from './patch.ts'
import type { Placement } from './place.ts'
import type { Seeker } from './seek.ts'
import { listLines, MAX_PLACES } from './unplaced.ts'

/** How many hunks of a section are said to be ambiguous, at most, and how many are looked at. */
const MAX_HUNKS = 3
const MAX_EXAMINED = 5000

/**
 * Says which hunks that have been placed would have fitted elsewhere just as well, for codex takes the first place: one that no other
 * hunk of the section took, and that the hunk's `@@` line does not tell apart.
 */
export function ambiguities(seeker: Seeker, placements: readonly Placement[]): string[] {
  const notes: string[][] = []
  const taken = placements.filter(({ place }) => place !== undefined)
  for (const [index, placement] of placements.slice(0, MAX_EXAMINED).entries()) {
    if (notes.length === MAX_HUNKS) break
    const others = otherPlaces(seeker, placement, taken)
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

function otherPlaces(seeker: Seeker, placement: Placement, taken: readonly Placement[]): number[] {
  const { hunk, place, from, length } = placement
  if (!place || length === 0 || hunk.endOfFile || hunk.near !== undefined) return []
  const block = Block.of(expectedLines(hunk).slice(0, length))
  const places = seeker.places(place.level, { block, from }, 2 * MAX_PLACES)
  const anchor = hunk.anchors.at(-1)
  const nextAnchor =
    anchor === undefined ? place : seeker.find({ block: Block.of([anchor]), from: place.line })
  return places
    .filter((line) => nextAnchor && line > nextAnchor.line && !isTaken(line, length, taken))
    .slice(0, MAX_PLACES)
}

/** Hunks are placed in the order of the file, and share no lines: the first that ends behind a place decides. */
function isTaken(line: number, length: number, taken: readonly Placement[]): boolean {
  let [low, high] = [0, taken.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (endOf(taken[middle]!) <= line) low = middle + 1
    else high = middle
  }
  const next = taken[low]?.place
  return next !== undefined && next.line < line + length
}

function endOf({ place, length }: Placement): number {
  return (place?.line ?? 0) + length
}

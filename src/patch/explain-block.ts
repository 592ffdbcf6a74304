import { type Closest, closestPlaces } from './closest.ts'
import { differenceOf, firstDifference, MAX_COMPARED, quoteAround } from './difference.ts'
import { Block } from './lines.ts'
import { nearestLine } from './nearest-line.ts'
import { resultingLines } from './patch.ts'
import type { Placement } from './place.ts'
import type { Source } from './source.ts'
import { lineRange, listLines, MAX_PLACES, nameOf, type Unplaced } from './unplaced.ts'
import { trim } from './white-space.ts'

/** Says why the lines of a hunk were not found. */
export function explainBlock(unplaced: Unplaced): string[] {
  const { from } = unplaced.mismatch
  const where = from > 0 ? ` below line ${from}` : ''
  return [
    `${nameOf(unplaced)}: its lines are not in the file${where}`,
    ...(foundAbove(unplaced) ?? foundInside(unplaced) ?? foundDone(unplaced) ?? foundAlike(unplaced)),
  ]
}

/** The lines stand where the search did not look any more. */
function foundAbove({ mismatch, seeker }: Unplaced): string[] | undefined {
  const { block, from, placed, index } = mismatch
  const place = from > 0 ? seeker.find({ block: Block.of(block), from: 0 }) : undefined
  if (!place) return undefined
  const found = `They were found earlier at line ${place.line + 1}: hunks must be in file order`
  const last = placed.at(-1)
  const end = last ? endOf(last) : 0
  if (place.line >= end)
    return [found, 'Next: leave its @@ line out, or take one that stands above its lines']
  if (place.line + block.length <= (last?.place?.line ?? 0))
    return [found, 'Next: send the hunks in the order of the file']
  return [`${found}, and share no lines`, `Next: make one hunk of this one and hunk ${index}`]
}

/** The lines stand in the file, but not at its end. */
function foundInside({ mismatch, seeker }: Unplaced): string[] | undefined {
  const { block, from, hunk } = mismatch
  const place = hunk.endOfFile ? seeker.find({ block: Block.of(block), from }) : undefined
  if (!place) return undefined
  return [
    `They stand at line ${place.line + 1}, but "*** End of File" asks for the last of its ${seeker.source.lineCount} lines`,
    'Next: leave "*** End of File" out',
  ]
}

/** What the hunk would make stands there already. */
function foundDone({ mismatch, seeker }: Unplaced): string[] | undefined {
  const made = resultingLines(mismatch.hunk)
  const adds = mismatch.hunk.lines.some(({ kind, text }) => kind === 'add' && text.trim() !== '')
  const place = adds ? seeker.find({ block: Block.of(made), from: 0 }) : undefined
  if (!place) return undefined
  return [
    `The new text is already there at line ${place.line + 1}: this change may have been made before`,
    `Next: leave this hunk out, or read ${lineRange(seeker.source, place.line - 3, made.length + 6)} to see what is missing`,
  ]
}

/** Something like the lines stands there. */
function foundAlike(unplaced: Unplaced): string[] {
  const { mismatch, seeker } = unplaced
  const places = closestPlaces(seeker, mismatch.block, MAX_PLACES)
  const best = places.find(({ line }) => line >= mismatch.from) ?? places[0]
  return best ? describePlace(unplaced, best, places) : describeNearest(unplaced)
}

function describePlace({ mismatch, seeker }: Unplaced, best: Closest, places: readonly Closest[]): string[] {
  const { block } = mismatch
  const { source } = seeker
  const differs = best.line + best.difference
  const others = places.filter((place) => place !== best).map((place) => Math.max(place.line, 0))
  return [
    `Best place: ${lineRange(source, best.line, block.length)}, where ${best.agreeing} of ${block.length} lines agree; the first that differs is line ${differs + 1}:`,
    ...contrast(block[best.difference] ?? '', isIn(source, differs) ? source.text(differs) : undefined),
    ...kindOf(block, source, best),
    ...(others.length > 0 ? ['As good:', ...listLines(source, others)] : []),
    `Next: read ${lineRange(source, best.line - 3, block.length + 6)} again, and send this section with the lines as they are`,
  ]
}

function contrast(expected: string, found: string | undefined): string[] {
  const at = firstDifference(expected, found ?? '')
  return [
    `  expected: ${quoteAround(expected, at)}`,
    `  found:    ${found === undefined ? 'no line, the file ends' : quoteAround(found, at)}`,
  ]
}

/** What all the lines that differ have in common, or those of them that are compared. */
function kindOf(block: readonly string[], source: Source, { line }: Closest): string[] {
  const kinds = new Set<string | undefined>()
  let left = MAX_COMPARED
  for (const [at, expected] of block.entries()) {
    const found = isIn(source, line + at) ? source.text(line + at) : ''
    left -= expected.length + found.length + 1
    if (left < 0 || kinds.size > 1) break
    if (trim(expected) !== trim(found)) kinds.add(differenceOf(expected, found))
  }
  const [kind] = kinds
  return kinds.size === 1 && kind !== undefined ? [`All that differs there is ${kind}`] : []
}

function describeNearest({ mismatch, seeker }: Unplaced): string[] {
  const { source } = seeker
  const telling = mismatch.block.reduce((a, b) => (b.trim().length > a.trim().length ? b : a), '')
  const nearest = nearestLine(source, telling)
  if (nearest === undefined)
    return [
      'Nothing like them stands in the file',
      'Next: read the file again: it has changed, or it is another one',
    ]
  const found = source.text(nearest)
  const kind = differenceOf(telling, found)
  return [
    `None of them stands there as it is; the line most like one of them is line ${nearest + 1}:`,
    ...contrast(telling, found),
    ...(kind === undefined ? [] : [`All that differs there is ${kind}`]),
    `Next: read ${lineRange(source, nearest - 3, 7)} again, and send this section with the lines as they are`,
  ]
}

function endOf({ place, from, length }: Placement): number {
  return place ? place.line + length : from
}

function isIn(source: Source, line: number): boolean {
  return line >= 0 && line < source.lineCount
}

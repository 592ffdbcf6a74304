import { quoteAround } from './difference.ts'
import type { Mismatch } from './place.ts'
import type { Seeker } from './seek.ts'
import type { Source } from './source.ts'

/** A hunk that has no place, the file it was looked for in, and how many hunks its section has. */
export interface Unplaced {
  readonly mismatch: Mismatch
  readonly seeker: Seeker
  readonly hunkCount: number
}

/** How many places are shown of those that are as good. */
export const MAX_PLACES = 5

/** `Hunk 2 of 3 (line 14 of the patch)`. */
export function nameOf({ mismatch, hunkCount }: Unplaced): string {
  return `Hunk ${mismatch.index + 1} of ${hunkCount} (line ${mismatch.hunk.line} of the patch)`
}

/** Lines of a file with their numbers, each in a line of its own: `  L12: "return 1"`. */
export function listLines(source: Source, lines: readonly number[]): string[] {
  return lines.map((line) => `  L${line + 1}: ${quoteAround(source.text(line))}`)
}

/** `lines 12-15`, or `line 12`: those that are there, given the first and how many. */
export function lineRange(source: Source, first: number, count: number): string {
  const from = Math.max(first, 0) + 1
  const to = Math.min(first + count, source.lineCount)
  return to > from ? `lines ${from}-${to}` : `line ${from}`
}

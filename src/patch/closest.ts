import { type Comparison, lineStandsAt } from './line-index.ts'
import { Block } from './lines.ts'
import type { Seeker } from './seek.ts'

/** A place of a file where some lines of a block stand as they should. */
export interface Closest {
  /** Where the block's first line would stand; it may lie before the file. */
  readonly line: number
  /** How many lines of the block agree. */
  readonly agreeing: number
  /** The first line of the block that does not agree. */
  readonly difference: number
}

/**
 * The places where most lines of a block stand as they should, the first of them first; at most so many, and none when no line that
 * says anything stands anywhere. What a line is worth is bounded: a line that stands everywhere tells nothing.
 */
export function closestPlaces(seeker: Seeker, texts: readonly string[], max: number): Closest[] {
  const { likely, comparison } = seeker.compare(Block.of(texts))
  const places = candidates(texts, likely).map((line) => judge(line, comparison))
  const most = Math.max(0, ...places.map(({ agreeing }) => agreeing))
  const best = places.filter(({ agreeing }) => agreeing === most && most > 0)
  return best.sort((a, b) => a.line - b.line).slice(0, max)
}

/** How many lines of the file are looked at to find the candidates, and how many candidates are judged line by line. */
const MAX_VOTES = 20_000
const MAX_CANDIDATES = 20

/** Each line votes for the places that would put it right; rare lines first. */
function candidates(texts: readonly string[], likely: readonly Uint32Array[]): number[] {
  const votes = new Map<number, number>()
  let left = MAX_VOTES
  const telling = [...texts.keys()].filter((line) => texts[line]!.trim() !== '')
  for (const line of telling.sort((a, b) => likely[a]!.length - likely[b]!.length)) {
    left -= likely[line]!.length
    if (left < 0) break
    for (const at of likely[line]!) votes.set(at - line, (votes.get(at - line) ?? 0) + 1)
  }
  const byVotes = [...votes].sort(([a, x], [b, y]) => y - x || a - b)
  return byVotes.slice(0, MAX_CANDIDATES).map(([line]) => line)
}

function judge(line: number, comparison: Comparison): Closest {
  const { block, lines } = comparison
  let agreeing = 0
  let difference = -1
  for (let at = 0; at < block.lineCount; at++) {
    const isThere = line + at >= 0 && line + at < lines.lineCount
    if (isThere && lineStandsAt(line + at, at, comparison)) agreeing++
    else if (difference === -1) difference = at
  }
  return { line, agreeing, difference }
}

import type { Source } from './source.ts'
import { trim } from './white-space.ts'

/** How much of a line must be equal to be worth showing. */
const LEAST = 0.5
const BLANK = 0x20

/** The line of a file that has most in common with a text at its two ends; undefined when that is not even half of it. */
export function nearestLine(source: Source, text: string): number | undefined {
  const wanted = Buffer.from(trim(text))
  let best: number | undefined
  let most = LEAST
  for (let line = 0; line < source.lineCount; line++) {
    const part = commonPart(source, line, wanted)
    if (part > most) [best, most] = [line, part]
  }
  return best
}

/** How much of the longer one the two have in common at their beginnings and ends, from 0 to 1. */
function commonPart(source: Source, line: number, wanted: Uint8Array): number {
  const { bytes } = source
  let start = source.start(line)
  let end = source.end(line)
  while (start < end && bytes[start]! <= BLANK) start++
  while (start < end && bytes[end - 1]! <= BLANK) end--
  const shorter = Math.min(end - start, wanted.length)
  const longer = Math.max(end - start, wanted.length)
  if (shorter <= longer * LEAST) return 0
  let front = 0
  while (front < shorter && bytes[start + front] === wanted[front]) front++
  let back = 0
  while (back < shorter - front && bytes[end - 1 - back] === wanted[wanted.length - 1 - back]) back++
  return (front + back) / longer
}

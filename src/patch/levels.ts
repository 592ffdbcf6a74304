import type { Lines } from './lines.ts'
import { codeAt } from './utf8.ts'
import { isWhiteSpace } from './white-space.ts'

/** How much of a line counts when it is compared with another. */
export interface Level {
  readonly name: 'exact' | 'trailing' | 'ends' | 'folded'
  /** Leaves white space at the end, or at both ends, out of the comparison. */
  readonly trims: 'nothing' | 'end' | 'both'
  /** Typographic dashes, quotes and blanks count as plain ones: both sides are folded before they are compared. */
  readonly folds: boolean
}

/** codex's levels, in the order in which they are tried: the first that finds a place anywhere decides. */
export const LEVELS: readonly Level[] = [
  { name: 'exact', trims: 'nothing', folds: false },
  { name: 'trailing', trims: 'end', folds: false },
  { name: 'ends', trims: 'both', folds: false },
  { name: 'folded', trims: 'both', folds: true },
]

/** Where the part of a line ends that a level sees. */
export function seenEnd(level: Level, lines: Lines, line: number): number {
  const end = lines.end(line)
  return level.trims === 'nothing' ? end : trimmedEnd(lines.bytes, lines.start(line), end)
}

/** Where the part of a line begins that a level sees, given where it ends. */
export function seenStart(level: Level, lines: Lines, line: number, end: number): number {
  const start = lines.start(line)
  return level.trims === 'both' ? trimmedStart(lines.bytes, start, end) : start
}

function trimmedStart(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  while (at < end) {
    const code = codeAt(bytes, at)
    if (!isWhiteSpace(code)) break
    at += code < 0x80 ? 1 : code < 0x800 ? 2 : 3
  }
  return at
}

function trimmedEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = end
  while (at > start) {
    const width = bytes[at - 1]! < 0x80 ? 1 : bytes[at - 2]! >= 0xc0 ? 2 : 3
    if (!isWhiteSpace(codeAt(bytes, at - width))) break
    at -= width
  }
  return at
}

import { BEGIN, END } from './envelope.ts'
import type { Leniency } from './leniency.ts'

const LOOSE_BEGIN = /^\s*\*{3}\s*begin patch\s*\**\s*$/i
const LOOSE_END = /^\*{3}\s*end patch\s*\**\s*$/i
const FENCE = /^\s*(```|~~~)/

/**
 * The lines of a patch from its first marker to its last, where the markers are misspelt, the last one is missing, or text stands
 * around them. Undefined when there is not exactly one beginning, or more than one end.
 */
export function openLoosely(text: string, leniency: Leniency): string[] | undefined {
  const lines = text.split(/\r{0,2}\n/)
  const begin = onlyIndex(lines, LOOSE_BEGIN)
  if (begin === undefined || begin === 'several') return undefined
  const rest = lines.slice(begin + 1)
  const marked = onlyIndex(rest, LOOSE_END)
  if (marked === 'several') return undefined
  noteMarker(lines[begin]!, BEGIN, leniency)
  if (marked !== undefined) noteMarker(rest[marked]!, END, leniency)
  const end = marked ?? unmarkedEnd(rest, leniency)
  if ([...lines.slice(0, begin), ...rest.slice(end + 1)].some((line) => line.trim() !== ''))
    leniency.note('what stands between the markers read as the patch')
  return [BEGIN, ...rest.slice(0, end), END]
}

function onlyIndex(lines: readonly string[], marker: RegExp): number | 'several' | undefined {
  const first = lines.findIndex((line) => marker.test(line))
  if (first === -1) return undefined
  return lines.findLastIndex((line) => marker.test(line)) === first ? first : 'several'
}

/** Where a patch ends that does not say so: with its last line that is not empty, or the code fence behind that. */
function unmarkedEnd(lines: readonly string[], leniency: Leniency): number {
  const last = lines.findLastIndex((line) => line.trim() !== '')
  const isMarked = last >= 0 && LOOSE_END.test(lines[last]!.trim())
  if (!isMarked) leniency.note(`the end of the text read as "${END}"`)
  return isMarked || FENCE.test(lines[last] ?? '') ? last : last + 1
}

function noteMarker(line: string, marker: string, leniency: Leniency): void {
  const written = line.trim()
  if (written !== marker) leniency.note(`"${written}" read as "${marker}"`)
}

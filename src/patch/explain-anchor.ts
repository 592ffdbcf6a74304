import { quoteAround } from './difference.ts'
import { Block } from './lines.ts'
import { nearestLine } from './nearest-line.ts'
import type { Source } from './source.ts'
import { listLines, MAX_PLACES, nameOf, type Unplaced } from './unplaced.ts'
import { trim } from './white-space.ts'

/** Says why the line behind an `@@` was not found. */
export function explainAnchor(unplaced: Unplaced): string[] {
  const { block, from } = unplaced.mismatch
  const anchor = block[0] ?? ''
  const where = from > 0 ? `below line ${from}` : 'in the file'
  return [
    `${nameOf(unplaced)} begins with "@@ " and a line that is not ${where}: ${quoteAround(anchor)}`,
    ...whyMissing(anchor, unplaced),
  ]
}

function whyMissing(anchor: string, { mismatch, seeker }: Unplaced): string[] {
  const { source } = seeker
  if (/^-\d+(,\d+)? \+\d+/.test(anchor) || /^lines? \d+$/i.test(trim(anchor)))
    return ['Next: write "@@" alone, or "@@ " and a whole line of the file: line numbers are not understood']
  const above = mismatch.from > 0 ? seeker.find({ block: Block.of([anchor]), from: 0 }) : undefined
  if (above)
    return [
      `It was found earlier at line ${above.line + 1}: hunks must be in file order`,
      'Next: put this hunk where it belongs, or write "@@" alone',
    ]
  const holders = linesThatHold(source, trim(anchor))
  if (holders.length > 0)
    return [
      'It is only a part of a line, and must be a whole one:',
      ...listLines(source, holders),
      'Next: write the whole line behind "@@ "',
    ]
  const nearest = nearestLine(source, anchor)
  return [
    ...(nearest === undefined ? [] : ['The line that is most like it:', ...listLines(source, [nearest])]),
    'Next: write a line as it stands in the file behind "@@ ", or "@@" alone',
  ]
}

function linesThatHold(source: Source, text: string): number[] {
  const lines: number[] = []
  const wanted = Buffer.from(text)
  for (let at = source.bytes.indexOf(wanted); text !== '' && at !== -1; ) {
    const line = source.lineAt(at)
    if (lines.push(line) === MAX_PLACES) break
    at = source.bytes.indexOf(wanted, source.start(line + 1))
  }
  return lines
}

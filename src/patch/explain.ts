import { explainAnchor } from './explain-anchor.ts'
import { explainBlock } from './explain-block.ts'
import { Block } from './lines.ts'
import { listLines, MAX_PLACES, nameOf, type Unplaced } from './unplaced.ts'

/**
 * Says, for a model that is to send the patch again, what is the matter with a hunk that has no place: what stands in the file
 * instead, and one thing to do next. Less than 20 short lines, whatever the patch and the file.
 */
export function explainMismatch(unplaced: Unplaced): string[] {
  switch (unplaced.mismatch.missing) {
    case 'anchor':
      return explainAnchor(unplaced)
    case 'block':
      return explainBlock(unplaced)
    case 'choice':
      return explainChoice(unplaced)
  }
}

/** What was read loosely must fit in one place. */
function explainChoice(unplaced: Unplaced): string[] {
  const { mismatch, seeker } = unplaced
  const { block, from, hunk } = mismatch
  const search = { block: Block.of(block), from, endOfFile: hunk.endOfFile }
  const level = seeker.find(search)?.level
  return [
    `${nameOf(unplaced)} is not quite in the format, and its lines stand in more than one place:`,
    ...listLines(seeker.source, level ? seeker.places(level, search, MAX_PLACES) : []),
    'Next: send it in the exact format, with more lines of the file around it',
  ]
}

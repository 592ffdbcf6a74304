import { explainMismatch } from './explain.ts'
import type { PatchError } from './patch-error.ts'

/** The first line of what codex says of a section that was not applied, and what a model needs to know to repair it. */
export function explainFailure(error: PatchError): { first: string; more: string[] } {
  const [first = ''] = error.message.split('\n', 1)
  return { first, more: error.unplaced ? explainMismatch(error.unplaced) : explainReason(error) }
}

function explainReason({ code, message, reason }: PatchError): string[] {
  const said = reason === undefined ? [] : [`Reason: ${reason}`]
  return message.includes('No such file') || code === 'not_found'
    ? [...said, 'Next: check the path, and send this section with the right one']
    : said
}

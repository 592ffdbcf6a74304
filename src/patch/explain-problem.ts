import { quoteAround } from './difference.ts'
import { openEnvelope } from './envelope.ts'
import type { ParseResult } from './parse.ts'

/** Says, for a model that is to send the patch again, what the format wants where it was not kept. */
export function explainProblem(
  { problem, line }: Extract<ParseResult, { ok: false }>,
  text: string,
): string[] {
  const envelope = openEnvelope(text)
  const written = line !== undefined && envelope.ok ? envelope.lines[line - 1] : undefined
  return [
    ...(written === undefined ? [] : [`Line ${line} of the patch is ${quoteAround(written)}`]),
    ...RULES.filter(([pattern]) => pattern.test(problem)).map(([, rule]) => rule),
  ]
}

const RULES: readonly (readonly [RegExp, string])[] = [
  [
    /The first line|The last line/,
    'Next: send nothing but the patch, once: a line "*** Begin Patch", the sections, a line "*** End Patch"',
  ],
  [
    /is not a valid hunk header/,
    'Next: begin each section with one of these headers; in an Add section begin every line with "+", empty ones too',
  ],
  [
    /in update hunk|@@ context marker/,
    'Next: begin every line of a hunk with " ", "-" or "+", and every hunk but the first with "@@", alone or with one whole line of the file',
  ],
  [
    /does not contain any lines|is empty/,
    'Next: give the hunk the lines to change, with "-" and "+", or leave the section out',
  ],
  [/environment_id/, 'Next: name one environment in one line, or none'],
]

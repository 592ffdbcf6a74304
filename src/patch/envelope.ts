import { trim } from './white-space.ts'

export const BEGIN = '*** Begin Patch'
export const END = '*** End Patch'

/** The lines of a patch from its first marker to its last, or what is wrong with the markers. */
export type Envelope =
  | { readonly ok: true; readonly lines: readonly string[] }
  | { readonly ok: false; readonly problem: string }

/**
 * Finds the two markers that a patch begins and ends with. White space around the text is dropped, and so is a here-document's
 * wrapping (`<<'EOF'` … `EOF`), which models send when they think of a shell. Lines end at LF; up to two CRs before it belong to
 * the line end, but only one where the wrapping is looked for.
 */
export function openEnvelope(text: string): Envelope {
  const lines = withoutCrs(trim(text).split('\n'))
  const isBare = markerProblem(lines) === undefined
  const patch = isBare ? lines : (withoutHereDocument(lines) ?? lines)
  const problem = markerProblem(patch)
  return problem === undefined ? { ok: true, lines: withoutCrs(patch) } : { ok: false, problem }
}

function withoutCrs(lines: readonly string[]): readonly string[] {
  return lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line))
}

/** What codex says of lines that an earlier end marker has cut off. */
export const LAST_LINE_PROBLEM = `The last line of the patch must be '${END}'`

const FIRST_LINE_PROBLEM = `The first line of the patch must be '${BEGIN}'`

function markerProblem(lines: readonly string[]): string | undefined {
  const isEmpty = lines.length === 1 && lines[0] === ''
  if (!isEmpty && trim(lines[0]!) !== BEGIN) return FIRST_LINE_PROBLEM
  if (trim(lines.at(-1)!) !== END) return LAST_LINE_PROBLEM
  return undefined
}

const HERE_DOCUMENTS = ['<<EOF', "<<'EOF'", '<<"EOF"']

function withoutHereDocument(lines: readonly string[]): readonly string[] | undefined {
  const isWrapped = lines.length >= 4 && HERE_DOCUMENTS.includes(lines[0]!) && lines.at(-1)!.endsWith('EOF')
  return isWrapped ? lines.slice(1, -1) : undefined
}

import type { StructuredPatchHunk } from 'diff'
import type { Edit } from '../../patch/place.ts'
import type { Source } from '../../patch/source.ts'

/** Lines around a change that are shown. */
export const CONTEXT = 3

/** The hunks of a unified diff, made of the edits of a text: no comparison is needed to know what changed. */
export function hunksOf(source: Source, edits: readonly Edit[]): StructuredPatchHunk[] {
  let shift = 0
  return neighbours(edits).map((group) => {
    const hunk = hunkOf(source, group)
    hunk.newStart += shift
    shift += hunk.newLines - hunk.oldLines
    return hunk
  })
}

/** Edits whose surroundings touch are shown together. */
function neighbours(edits: readonly Edit[]): Edit[][] {
  const groups: Edit[][] = []
  for (const edit of edits) {
    const last = groups.at(-1)?.at(-1)
    if (last && edit.line - endOf(last) <= 2 * CONTEXT) groups.at(-1)!.push(edit)
    else groups.push([edit])
  }
  return groups
}

function hunkOf(source: Source, group: readonly Edit[]): StructuredPatchHunk {
  const first = Math.max(0, group[0]!.line - CONTEXT)
  const last = Math.min(source.lineCount, endOf(group.at(-1)!) + CONTEXT)
  const lines = [...linesOf(source, group, { first, last })]
  const oldLines = last - first
  const grown = group.reduce((sum, { remove, insert }) => sum + insert.length - remove, 0)
  return { oldStart: first + 1, oldLines, newStart: first + 1, newLines: oldLines + grown, lines }
}

function* linesOf(
  source: Source,
  group: readonly Edit[],
  { first, last }: { first: number; last: number },
): Generator<string> {
  let at = first
  for (const edit of group) {
    yield* marked(' ', source, { from: at, to: edit.line })
    at = endOf(edit)
    yield* marked('-', source, { from: edit.line, to: at })
    for (const text of edit.insert) yield `+${text}`
  }
  yield* marked(' ', source, { from: at, to: last })
}

function* marked(
  prefix: string,
  source: Source,
  { from, to }: { from: number; to: number },
): Generator<string> {
  for (let line = from; line < to; line++) {
    yield prefix + source.text(line)
    if (line === source.lineCount - 1 && source.isUnended) yield '\\ No newline at end of file'
  }
}

function endOf({ line, remove }: Edit): number {
  return line + remove
}

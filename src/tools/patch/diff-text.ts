import { FILE_HEADERS_ONLY, formatPatch, type StructuredPatchHunk, structuredPatch } from 'diff'
import type { Updated } from '../../patch/apply.ts'
import type { FileOp, UpdateFile } from '../../patch/patch.ts'
import type { Edit } from '../../patch/place.ts'
import { Source } from '../../patch/source.ts'
import { CONTEXT, hunksOf } from './edit-hunks.ts'
import type { OldText } from './old-text.ts'

/** A section that was applied, and what is known of the change. */
export interface Applied {
  readonly op: FileOp
  readonly updated: Updated | undefined
  readonly old: OldText
}

const MAX_LINES = 200
const MAX_LINE_LENGTH = 500
/** Two whole texts are compared no longer than this; then one is shown as gone, the other as come. */
const COMPARE_MS = 200

/** The lines of a unified diff of what was applied, at most 200; what is left out is said. */
export function diffLines(applied: readonly Applied[]): string[] {
  const lines = applied.flatMap(linesOf)
  const left = lines.length - MAX_LINES
  const shown = lines.slice(0, MAX_LINES).map(cutLine)
  return left > 0
    ? [...shown, `[… ${left.toLocaleString('en-US')} more lines of this diff are left out …]`]
    : shown
}

function linesOf({ op, updated, old }: Applied): string[] {
  switch (op.kind) {
    case 'update': {
      if (!updated) return []
      return format(op.path, op.newPath ?? op.path, hunksOf(updated.seeker.source, allEdits(op, updated)))
    }
    case 'add': {
      if (old === undefined) return [`(${op.path} is new as a whole; what was there before is not shown)`]
      if (old === 'none') return format(NOTHING, op.path, wholeHunks(EMPTY, op.content))
      return format(op.path, op.path, comparedHunks(old, op.content))
    }
    case 'delete': {
      if (old === undefined || old === 'none') return [`(${op.path} is gone; what it held is not shown)`]
      return format(op.path, NOTHING, wholeHunks(old, ''))
    }
  }
}

const NOTHING = '/dev/null'
const EMPTY = new Source(new Uint8Array())

function format(oldFileName: string, newFileName: string, hunks: StructuredPatchHunk[]): string[] {
  if (hunks.length === 0) return []
  const patch = { oldFileName, newFileName, oldHeader: undefined, newHeader: undefined, hunks }
  return formatPatch(patch, FILE_HEADERS_ONLY).replace(/\n$/, '').split('\n')
}

/** A last line that had no line end has one now. */
function allEdits({ finalLineEnd }: UpdateFile, { seeker, edits }: Updated): readonly Edit[] {
  const { source } = seeker
  const last = source.lineCount - 1
  const isEnded = finalLineEnd === undefined && source.isUnended
  if (!isEnded || edits.some(({ line, remove }) => line + remove > last && remove > 0)) return edits
  const ending = { line: last, remove: 1, insert: [source.text(last)] }
  return [...edits.filter(({ line }) => line <= last), ending, ...edits.filter(({ line }) => line > last)]
}

function comparedHunks(old: Source, content: string): StructuredPatchHunk[] {
  const options = { context: CONTEXT, timeout: COMPARE_MS }
  const patch = structuredPatch('', '', old.bytes.toString(), content, undefined, undefined, options)
  return patch?.hunks ?? wholeHunks(old, content)
}

function wholeHunks(old: Source, content: string): StructuredPatchHunk[] {
  const insert = content === '' ? [] : content.replace(/\n$/, '').split('\n')
  if (insert.length === 0 && old.lineCount === 0) return []
  return hunksOf(old, [{ line: 0, remove: old.lineCount, insert }])
}

function cutLine(line: string): string {
  if (line.length <= MAX_LINE_LENGTH) return line
  return `${line.slice(0, MAX_LINE_LENGTH)}[… ${line.length - MAX_LINE_LENGTH} characters left out …]`
}

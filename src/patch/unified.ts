import { parsePatch as parseDiff, type StructuredPatch, type StructuredPatchHunk } from 'diff'
import { BridgeError } from '../util/errors.ts'
import type { FileOp, HunkLine, Patch, PatchHunk, UpdateFile } from './patch.ts'
import { isHunkHeader, recount } from './recount.ts'

/** Whether a text is a unified diff: file headers before a hunk, or git's own header. */
export function isUnifiedDiff(text: string): boolean {
  return /^--- .+\r*\n\+\+\+ .+\r*\n@@ -\d/m.test(text) || /^diff --git /m.test(text)
}

/**
 * Reads a unified diff as a patch. Its hunks are placed as codex's are; where several places fit, nearest to the line they name.
 * Throws `invalid_input` for what cannot be read or cannot be done.
 */
export function parseUnified(text: string): Patch {
  const lines = text.split(/\r{0,2}\n/).map((line) => (WRAPPING.test(line) ? '' : line))
  const numbers = [...lines.keys()].filter((at) => isHunkHeader(lines[at]!)).map((at) => at + 1)
  try {
    const files = parseDiff(`${recount(lines).join('\n')}\n`)
    return { environment: undefined, ops: files.map((file) => opFrom(file, numbers)) }
  } catch (reason) {
    const { message } = BridgeError.from(reason)
    throw new BridgeError('invalid_input', `Invalid unified diff: ${message}`, { cause: reason })
  }
}

/** What models put around a diff. Lines of a hunk never begin so. */
const WRAPPING = /^(```|~~~|\*\*\* (Begin|End) Patch)/

function opFrom(file: StructuredPatch, numbers: number[]): FileOp {
  const hunks = file.hunks.map((hunk) => hunkFrom(hunk, numbers.shift() ?? 1))
  const { from, to } = namesOf(file)
  if (file.isBinary || file.isCopy)
    throw new Error(`${quoted(to ?? from)} is ${file.isCopy ? 'copied' : 'binary'}`)
  if (from === undefined) {
    if (to === undefined) throw new Error('it names no file')
    return { kind: 'add', path: to, content: contentOf(file) }
  }
  if (to === undefined) return { kind: 'delete', path: from }
  if (from === to && hunks.length === 0) throw new Error(`${quoted(from)} has no change of its text`)
  const newPath = from === to ? undefined : to
  return { kind: 'update', path: from, newPath, hunks, finalLineEnd: finalLineEndOf(file) }
}

/** The names without git's `a/` and `b/`; undefined where there is no file on that side. */
function namesOf({ oldFileName, newFileName, isCreate, isDelete }: StructuredPatch) {
  const from = isCreate || oldFileName === NOTHING ? undefined : oldFileName
  const to = isDelete || newFileName === NOTHING ? undefined : newFileName
  const isPrefixed = (from ?? 'a/').startsWith('a/') && (to ?? 'b/').startsWith('b/')
  return isPrefixed ? { from: from?.slice(2), to: to?.slice(2) } : { from, to }
}

const NOTHING = '/dev/null'

function hunkFrom({ lines, oldStart }: StructuredPatchHunk, line: number): PatchHunk {
  const texts = lines.filter((text) => !text.startsWith('\\'))
  return { anchors: [], lines: texts.map(hunkLine), endOfFile: false, line, near: oldStart - 1 }
}

function hunkLine(line: string): HunkLine {
  const kind = line[0] === '+' ? 'add' : line[0] === '-' ? 'remove' : 'context'
  return { kind, text: line.slice(1) }
}

function contentOf({ hunks }: StructuredPatch): string {
  const lines = hunks.flatMap((hunk) => hunk.lines)
  const added = lines.filter((line) => line.startsWith('+')).map((line) => `${line.slice(1)}\n`)
  return lines.at(-1)?.startsWith('\\') ? added.join('').slice(0, -1) : added.join('')
}

/** A diff says what becomes of the end: `\ No newline` behind a new line, or behind an old one alone. */
function finalLineEndOf({ hunks }: StructuredPatch): UpdateFile['finalLineEnd'] {
  const lines = hunks.flatMap((hunk) => hunk.lines)
  const marked = lines.filter((_, at) => lines[at + 1]?.startsWith('\\')).map((line) => line[0])
  if (marked.includes('+')) return 'drop'
  return marked.includes('-') ? undefined : 'keep'
}

function quoted(path: string | undefined): string {
  return JSON.stringify(path ?? '')
}

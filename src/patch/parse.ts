import { BridgeError } from '../util/errors.ts'
import { END, LAST_LINE_PROBLEM, openEnvelope } from './envelope.ts'
import type { Leniency } from './leniency.ts'
import { HunkReader } from './parse-hunks.ts'
import type { FileOp, Patch } from './patch.ts'
import { trim, trimEnd } from './white-space.ts'

/** A patch, or codex's own words for what is wrong with the text, and the line (from 1) where it is, when it is one. */
export type ParseResult =
  | { readonly ok: true; readonly patch: Patch }
  | { readonly ok: false; readonly problem: string; readonly line: number | undefined }

/** The sections of a patch in codex's format. Throws `invalid_input` with codex's own words when it is not one. */
export function parsePatch(text: string): FileOp[] {
  const result = parse(text)
  if (!result.ok) throw new BridgeError('invalid_input', result.problem)
  return [...result.patch.ops]
}

/** Reads a patch in codex's format as codex does. Never throws; takes time linear in the text. */
export function parse(text: string): ParseResult {
  const envelope = openEnvelope(text)
  if (envelope.ok) return parseLines(envelope.lines)
  return { ok: false, problem: `Invalid patch: ${envelope.problem}`, line: undefined }
}

/** Reads the lines from the first marker to the last; with a leniency, what it lets pass is no problem. */
export function parseLines(lines: readonly string[], leniency?: Leniency): ParseResult {
  const reader = new PatchReader(lines.length, leniency)
  for (let number = 2; number <= lines.length; number++) {
    const problem = reader.take(lines[number - 1]!, number)
    if (problem !== undefined) return refusal(problem, number)
  }
  return { ok: true, patch: { environment: reader.environment, ops: reader.ops } }
}

/** Words about the line at hand, about an earlier one, or about the whole. */
type Problem = string | { readonly text: string; readonly line: number } | { readonly whole: string }

function refusal(problem: Problem, number: number): ParseResult {
  if (typeof problem === 'object' && 'whole' in problem)
    return { ok: false, problem: `Invalid patch: ${problem.whole}`, line: undefined }
  const { text, line } = typeof problem === 'string' ? { text: problem, line: number } : problem
  return { ok: false, problem: `Invalid patch hunk on line ${line}: ${text}`, line }
}

const ADD = '*** Add File: '
const DELETE = '*** Delete File: '
const UPDATE = '*** Update File: '
const MOVE = '*** Move to: '
const ENVIRONMENT = '*** Environment ID:'

/** Where the reader is: before the first section, in one, or behind the end marker. */
type Section =
  | { readonly kind: 'none' }
  | AddSection
  | DeleteSection
  | UpdateSection
  | { readonly kind: 'over' }

interface AddSection {
  readonly kind: 'add'
  readonly path: string
  readonly content: string[]
  /** Empty lines, by number, that are only let pass when another line of the file follows. */
  readonly pending: number[]
}

interface DeleteSection {
  readonly kind: 'delete'
  readonly path: string
}

interface UpdateSection {
  readonly kind: 'update'
  readonly path: string
  readonly line: number
  readonly reader: HunkReader
  newPath: string | undefined
}

/** Takes a patch line by line, from the second on. */
class PatchReader {
  readonly ops: FileOp[] = []
  environment: string | undefined
  readonly #lastNumber: number
  readonly #leniency: Leniency | undefined
  #section: Section = { kind: 'none' }

  constructor(lastNumber: number, leniency: Leniency | undefined) {
    this.#lastNumber = lastNumber
    this.#leniency = leniency
  }

  take(line: string, number: number): Problem | undefined {
    const isLast = number === this.#lastNumber
    if (!isLast && isContent(this.#section, line)) return this.#takeContent(line, line, number)
    if (this.#section.kind === 'over')
      return isLast || trim(line) === '' ? undefined : { whole: LAST_LINE_PROBLEM }
    // Inside an update, a line that begins with white space is content; only the last line of all is the marker anyway.
    const marker = this.#section.kind === 'update' ? trimEnd(line) : trim(line)
    if (isLast || marker === END) return this.#switchTo({ kind: 'over' })
    const section = sectionFrom(marker, number, this.#leniency)
    if (section) return this.#switchTo(section, marker)
    return this.#takeContent(line, marker, number)
  }

  /** Ends the section at hand; `header` is the line that begins the next one. */
  #switchTo(next: Section, header?: string): Problem | undefined {
    const section = this.#section
    const problem = closingProblem(section, header)
    if (problem !== undefined) return problem
    const op = opFrom(section)
    if (op) this.ops.push(op)
    this.#section = next
    return undefined
  }

  #takeContent(line: string, marker: string, number: number): Problem | undefined {
    const section = this.#section
    if (section.kind === 'update') return takeUpdateLine(section, line, marker, number)
    if (section.kind === 'add' && line.startsWith('+')) return this.#add(section, line)
    if (section.kind === 'add' && marker === '' && this.#leniency) return void section.pending.push(number)
    if (section.kind === 'none' && marker.startsWith(ENVIRONMENT))
      return this.#takeEnvironment(trim(marker.slice(ENVIRONMENT.length)))
    return invalidHeader(marker)
  }

  #add({ content, pending }: AddSection, line: string): undefined {
    if (pending.length > 0)
      this.#leniency?.note('empty lines of an Add section read as empty lines of the file')
    for (const _ of pending.splice(0)) content.push('\n')
    content.push(line.slice(1), '\n')
  }

  #takeEnvironment(name: string): Problem | undefined {
    if (this.environment !== undefined)
      return { whole: 'apply_patch environment_id cannot be specified more than once' }
    if (name === '') return { whole: 'apply_patch environment_id cannot be empty' }
    this.environment = name
    return undefined
  }
}

/** Lines that a section takes without being looked at twice, as most lines are. */
function isContent(section: Section, line: string): boolean {
  const first = line[0]
  if (section.kind === 'add') return first === '+'
  return section.kind === 'update' && (first === ' ' || first === '+' || first === '-')
}

function sectionFrom(marker: string, line: number, leniency: Leniency | undefined): Section | undefined {
  if (marker.startsWith(ADD)) return { kind: 'add', path: marker.slice(ADD.length), content: [], pending: [] }
  if (marker.startsWith(DELETE)) return { kind: 'delete', path: marker.slice(DELETE.length) }
  if (!marker.startsWith(UPDATE)) return undefined
  const path = marker.slice(UPDATE.length)
  return { kind: 'update', path, line, reader: new HunkReader(leniency), newPath: undefined }
}

function opFrom(section: Section): FileOp | undefined {
  switch (section.kind) {
    case 'add':
      return { kind: 'add', path: section.path, content: section.content.join('') }
    case 'delete':
      return section
    case 'update':
      return {
        kind: 'update',
        path: section.path,
        newPath: section.newPath,
        hunks: section.reader.hunks,
      }
    case 'none':
    case 'over':
      return undefined
  }
}

function takeUpdateLine(
  section: UpdateSection,
  line: string,
  marker: string,
  number: number,
): Problem | undefined {
  const { reader } = section
  const isMove = marker.startsWith(MOVE) && section.newPath === undefined && reader.hunks.length === 0
  if (!isMove) return reader.take(line, marker, number)
  section.newPath = marker.slice(MOVE.length)
  return undefined
}

/** What is wrong with a section that ends here. */
function closingProblem(section: Section, header: string | undefined): Problem | undefined {
  const pending = section.kind === 'add' ? section.pending[0] : undefined
  if (pending !== undefined) return { text: invalidHeader(''), line: pending }
  return section.kind === 'update' ? hunksProblem(section, header) : undefined
}

/** A section without hunks is wrong, except for a new name and nothing else: codex refuses it, we rename. */
function hunksProblem(section: UpdateSection, header: string | undefined): Problem | undefined {
  const { path, line, newPath, reader } = section
  if (reader.hunks.length > 0) return reader.close(header)
  if (newPath !== undefined && reader.isUntouched) return undefined
  return { text: `Update file hunk for path '${path}' is empty`, line }
}

function invalidHeader(marker: string): string {
  return `'${marker}' is not a valid hunk header. Valid hunk headers: '${ADD}{path}', '${DELETE}{path}', '${UPDATE}{path}'`
}

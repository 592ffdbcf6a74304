import { applySection, type Updated } from '../patch/apply.ts'
import { type ParseResult, parse } from '../patch/parse.ts'
import type { FileOp } from '../patch/patch.ts'
import { PatchError } from '../patch/patch-error.ts'
import { resolvePath } from '../patch/paths.ts'
import { LocalFiles } from './local-files.ts'

export interface RunPatchOptions {
  /** Where relative paths start, without links. */
  readonly cwd: string
  /** Say more of what does not fit. */
  readonly explain: boolean
  /** Read what is not quite in the format when it can be meant in one way only. */
  readonly lenient: boolean
}

export interface RunPatchOutcome {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** The most lines that an explanation may take. */
const MAX_LINES = 30

/** Applies the sections of a patch to files of this machine, one after the other until one fails, and gives codex's own answer. */
export async function runPatch(text: string, options: RunPatchOptions): Promise<RunPatchOutcome> {
  const { result, notes } = await read(text, options.lenient)
  if (!result.ok) return failure(options.explain ? await explainedProblem(result, text) : [result.problem])
  const { ops } = result.patch
  if (ops.length === 0) return failure([...notes, 'No files were modified.'])
  const { done, error, remarks } = await applyInOrder(ops, options)
  const said = [...notes, ...remarks].slice(0, MAX_LINES)
  if (!error) return { exitCode: 0, stdout: report(ops), stderr: textOf(said) }
  if (!options.explain) return failure([...notes, error.message])
  return failure([...(await explainedFailure(error, done)), ...said].slice(0, MAX_LINES))
}

async function read(
  text: string,
  isLenient: boolean,
): Promise<{ result: ParseResult; notes: readonly string[] }> {
  const result = parse(text)
  if (result.ok || !isLenient) return { result, notes: [] }
  const { parseLoosely } = await import('../patch/parse-loosely.ts')
  const reading = parseLoosely(text)
  return reading
    ? { result: { ok: true, patch: reading.patch }, notes: reading.notes }
    : { result, notes: [] }
}

interface Applied {
  readonly done: readonly FileOp[]
  readonly error?: PatchError
  readonly remarks: readonly string[]
}

/** Stops at the first section that fails; those before it stay applied. */
async function applyInOrder(ops: readonly FileOp[], { cwd, explain }: RunPatchOptions): Promise<Applied> {
  const target = { files: new LocalFiles(), resolve: (path: string) => resolvePath(cwd, path) }
  const done: FileOp[] = []
  const remarks: string[] = []
  try {
    for (const op of ops) {
      const updated = await applySection(target, op)
      if (updated && explain) remarks.push(...(await ambiguityRemarks(op, updated)))
      done.push(op)
    }
    return { done, remarks }
  } catch (error) {
    if (error instanceof PatchError) return { done, error, remarks }
    throw error
  }
}

async function ambiguityRemarks(op: FileOp, { seeker, placements }: Updated): Promise<string[]> {
  const { ambiguities } = await import('../patch/ambiguity.ts')
  const notes = ambiguities(seeker, placements)
  return notes.length > 0 ? [`Note on ${op.path}:`, ...notes] : []
}

async function explainedProblem(
  result: Extract<ParseResult, { ok: false }>,
  text: string,
): Promise<string[]> {
  const { explainProblem } = await import('../patch/explain-problem.ts')
  return [result.problem, ...explainProblem(result, text)]
}

async function explainedFailure(error: PatchError, done: readonly FileOp[]): Promise<string[]> {
  const { explainFailure } = await import('../patch/explain-failure.ts')
  const { first, more } = explainFailure(error)
  return [first, ...more, done.length === 0 ? 'Nothing was changed' : appliedBefore(done)]
}

const MAX_NAMED = 10

function appliedBefore(done: readonly FileOp[]): string {
  const named = done.slice(0, MAX_NAMED).map(nameOf).join(', ')
  const more = done.length > MAX_NAMED ? ` and ${done.length - MAX_NAMED} more` : ''
  return `Applied before it: ${named}${more}`
}

/** What was done, by kind, each in the order of the patch. */
function report(ops: readonly FileOp[]): string {
  const kinds = ['add', 'update', 'delete'] as const
  const names = kinds.flatMap((kind) => ops.filter((op) => op.kind === kind).map(nameOf))
  return textOf(['Success. Updated the following files:', ...names])
}

const LETTERS = { add: 'A', update: 'M', delete: 'D' } as const

/** A file that moved stands under its new name. */
function nameOf(op: FileOp): string {
  return `${LETTERS[op.kind]} ${op.kind === 'update' ? (op.newPath ?? op.path) : op.path}`
}

function failure(lines: readonly string[]): RunPatchOutcome {
  return { exitCode: 1, stdout: '', stderr: textOf(lines) }
}

function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('')
}

import { ambiguities } from '../../patch/ambiguity.ts'
import { explainFailure } from '../../patch/explain-failure.ts'
import type { FileOp } from '../../patch/patch.ts'
import { diffLines } from './diff-text.ts'
import type { Mode, Outcome } from './run-sections.ts'

/** What is told of a call. */
export interface Report {
  readonly ops: readonly FileOp[]
  readonly outcomes: readonly Outcome[]
  readonly mode: Mode
  /** ` on "box"`, or nothing when there is only one environment. */
  readonly where: string
  /** What was read other than as codex would. */
  readonly notes: readonly string[]
}

interface Section {
  readonly op: FileOp
  readonly outcome: Outcome
}

/** The answer: how many sections were applied, a line for each, what helps to send those again that were not, and what changed. */
export function reportText(report: Report): string {
  const sections = report.ops.map((op, at): Section => ({ op, outcome: report.outcomes[at]! }))
  const applied = sections.flatMap(({ op, outcome }) =>
    outcome.state === 'done' ? [{ op, ...outcome }] : [],
  )
  const blocks = [
    [headline(report, applied.length), ...report.notes, ...sections.map(sectionLine)],
    ...remarks(sections),
    diffLines(applied),
  ]
  return blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n')
}

function headline({ ops, mode, where, outcomes }: Report, done: number): string {
  const count = `${done} of ${ops.length} section${ops.length === 1 ? '' : 's'}`
  if (mode === 'dry-run') return `${count} would be applied${where}; nothing was written (dry_run)`
  if (mode === 'each' || done === ops.length) return `${count} applied${where}`
  const failed = outcomes.filter(({ state }) => state === 'failed').length
  return done === 0
    ? `${count} applied${where}: nothing was written, because ${failed} failed (atomic)`
    : `${count} applied${where}: a write failed half-way, what is marked ok was written (atomic)`
}

const LETTERS = { add: 'A', update: 'M', delete: 'D' } as const

function sectionLine({ op, outcome }: Section): string {
  const moved = op.kind === 'update' && op.newPath !== undefined ? ` → ${op.newPath}` : ''
  return `${LETTERS[op.kind]} ${op.path}${moved}: ${stateOf(outcome)}`
}

function stateOf(outcome: Outcome): string {
  switch (outcome.state) {
    case 'done':
      return 'ok'
    case 'failed': {
      const { error } = outcome
      return `error: ${[error.message.split('\n', 1)[0], error.reason].filter(Boolean).join(': ')}`
    }
    case 'left':
      return 'not applied'
  }
}

/** How many lines all remarks together may take. Who has more to repair will not repair it at once. */
const MAX_REMARK_LINES = 120

function remarks(sections: readonly Section[]): string[][] {
  const remarks: string[][] = []
  let left = MAX_REMARK_LINES
  for (const section of sections) {
    const remark = remarkOn(section)
    if (remark.length > left) return [...remarks, ['[… what is to be said of other sections is left out …]']]
    left -= remark.length
    if (remark.length > 0) remarks.push(remark)
  }
  return remarks
}

/** Why a hunk has no place; or where else one would have fitted. */
function remarkOn({ op, outcome }: Section): string[] {
  if (outcome.state === 'failed' && outcome.error.unplaced) {
    const { first, more } = explainFailure(outcome.error)
    return [first, ...more]
  }
  if (outcome.state !== 'done' || !outcome.updated) return []
  const notes = ambiguities(outcome.updated.seeker, outcome.updated.placements)
  return notes.length > 0 ? [`Note on ${op.path}:`, ...notes] : []
}

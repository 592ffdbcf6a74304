import { drawCopyCase } from './copy-case.ts'
import { CopyStage } from './copy-stage.ts'
import { type CopyOutcome, runCopyCase } from './run-copy-case.ts'

export interface RunCopyCasesOptions {
  /** Of the first case; each next one has the next number. */
  readonly seed: number
  readonly count: number
  /** The built program. */
  readonly program: string
  /** Told of each case when it is over. */
  readonly log?: (outcome: CopyOutcome) => void
}

/** Plays so many cases one after another, on the same machines. Gives what came of each. */
export async function runCopyCases({
  seed,
  count,
  program,
  log,
}: RunCopyCasesOptions): Promise<CopyOutcome[]> {
  await using stage = await CopyStage.start(program)
  const outcomes: CopyOutcome[] = []
  for (let n = 0; n < count; n++) {
    const outcome = await runCopyCase(drawCopyCase(seed + n), stage)
    outcomes.push(outcome)
    log?.(outcome)
  }
  return outcomes
}

/** One line: what went wrong when, and whether all was as it must be; of a case that failed all there is to know. */
export function describeCopyOutcome({ drawn, violations, answers }: CopyOutcome): string {
  const { seed, transport, isTree, replaces, trouble, moment, sizes } = drawn
  const what = [transport, isTree ? `${sizes.length} files` : 'one file', ...(replaces ? ['replaces'] : [])]
  const when = `${JSON.stringify(trouble)} at ${moment}`
  const head = `seed ${seed}  ${violations.length === 0 ? 'passed' : 'FAILED'}  ${what.join(', ')}: ${when}`
  if (violations.length === 0) return head
  return [head, ...violations, `Sizes: ${sizes.join(', ')}`, 'Answers:', ...answers].join('\n  ')
}

import { availableParallelism } from 'node:os'
import { type ExecutorKind, TRAITS } from './machines.ts'
import { type Outcome, runSchedule } from './run-schedule.ts'
import { drawSchedule } from './schedule.ts'

export interface RunSchedulesOptions {
  /** Of the first schedule; each next one has the next number. */
  readonly seed: number
  readonly count: number
  readonly executor: ExecutorKind
  /** A session is lost in each. Only with our own executor, which can be started again in the same place. */
  readonly isFatal?: boolean | undefined
  /** The built program; `dist/bin.js` unless said. */
  readonly program?: string | undefined
  /** At a time; most of a schedule is waiting. */
  readonly jobs?: number | undefined
  /** Told of each schedule when it is over, in the order in which they end. */
  readonly log?: ((outcome: Outcome) => void) | undefined
}

const JOBS_PER_CORE = 5

/** Runs so many schedules, several at a time. Gives what came of each, in the order of their seeds. */
export async function runSchedules(options: RunSchedulesOptions): Promise<Outcome[]> {
  const { seed, count, executor, isFatal = false, log } = options
  const { program = `${process.cwd()}/dist/bin.js`, jobs = JOBS_PER_CORE * availableParallelism() } = options
  const { retentionMs } = TRAITS[executor]
  const outcomes: Outcome[] = []
  let next = seed
  const work = async () => {
    while (next < seed + count) {
      const schedule = drawSchedule(next++, { isFatal, retentionMs })
      const outcome = await runSchedule(schedule, { program, executor })
      outcomes.push(outcome)
      log?.(outcome)
    }
  }
  await Promise.all(Array.from({ length: Math.min(jobs, count) }, work))
  return outcomes.sort((a, b) => a.schedule.seed - b.schedule.seed)
}

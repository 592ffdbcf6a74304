import { availableParallelism } from 'node:os'
import { type ExecutorKind, TRAITS } from './machines.ts'
import { type Outcome, runSchedule } from './run-schedule.ts'
import { drawSchedule } from './schedule.ts'

export interface RunSchedulesOptions {
  /** Of the first schedule; each next one has the next number. */
  readonly seed: number
  readonly count: number
  readonly executor: ExecutorKind
  /** A session is lost in each, not only in some. */
  readonly isFatal?: boolean | undefined
  /** The built program; `dist/bin.js` unless said. */
  readonly program?: string | undefined
  /** At a time; most of a schedule is waiting. */
  readonly jobs?: number | undefined
  /** Told of each schedule when it is over, in the order in which they end. */
  readonly log?: ((outcome: Outcome) => void) | undefined
}

const JOBS_PER_CORE = 5
/** Schedules in which a session is lost. A stock executor cannot be started again in the same place. */
const FATAL_SHARE = { ours: 0.2, codex: 0 } as const satisfies Record<ExecutorKind, number>

/** Schedules in which one of the two machines is behind a gateway. */
const GATEWAY_SHARE = { ours: 0.4, codex: 0 } as const satisfies Record<ExecutorKind, number>

/** Runs so many schedules, several at a time. Gives what came of each, in the order of their seeds. */
export async function runSchedules(options: RunSchedulesOptions): Promise<Outcome[]> {
  const { seed, count, executor, isFatal = false, log } = options
  const { program = `${process.cwd()}/dist/bin.js`, jobs = JOBS_PER_CORE * availableParallelism() } = options
  const { retentionMs } = TRAITS[executor]
  const fatalShare = isFatal ? 1 : FATAL_SHARE[executor]
  const outcomes: Outcome[] = []
  let next = seed
  const work = async () => {
    while (next < seed + count) {
      const schedule = drawSchedule(next++, {
        fatalShare,
        retentionMs,
        gatewayShare: GATEWAY_SHARE[executor],
      })
      const outcome = await runSchedule(schedule, { program, executor })
      outcomes.push(outcome)
      log?.(outcome)
    }
  }
  await Promise.all(Array.from({ length: Math.min(jobs, count) }, work))
  return outcomes.sort((a, b) => a.schedule.seed - b.schedule.seed)
}

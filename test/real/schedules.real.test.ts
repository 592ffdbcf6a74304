import { expect, test } from 'vitest'
import { describeFailure } from '../faults/report.ts'
import { runSchedules } from '../faults/run-schedules.ts'

/** Other files of tests run at the same time. */
const JOBS = 5

test('schedules of calls and faults end on a stock exec-server as on ours', {
  timeout: 600_000,
}, async () => {
  const outcomes = await runSchedules({ seed: 1, count: 40, executor: 'codex', jobs: JOBS })
  const failed = outcomes.filter(({ violations }) => violations.length > 0)
  const command = (seed: number) => `npm run test:faults -- ${seed} 1 --codex`
  const told = failed.map((outcome) => describeFailure(outcome, command(outcome.schedule.seed)))
  expect(told.join('\n')).toBe('')
})

import { parseArgs } from 'node:util'
import { describeFailure, describeOutcome, summarise } from './report.ts'
import { type RunSchedulesOptions, runSchedules } from './run-schedules.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    fatal: { type: 'boolean', default: false },
    codex: { type: 'boolean', default: false },
    jobs: { type: 'string' },
    program: { type: 'string', default: 'dist/bin.js' },
  },
})
const [seed = 1, count = 200] = positionals.map(Number)
const options: RunSchedulesOptions = {
  seed,
  count,
  executor: values.codex ? 'codex' : 'ours',
  isFatal: values.fatal,
  program: values.program,
  ...(values.jobs ? { jobs: Number(values.jobs) } : {}),
}
const flags = [...(values.fatal ? ['--fatal'] : []), ...(values.codex ? ['--codex'] : [])]
const again = (seed: number) =>
  ['npm run test:faults', ...(flags.length > 0 ? ['--'] : []), seed, 1, ...flags].join(' ')
const beganMs = performance.now()
const outcomes = await runSchedules({
  ...options,
  log(outcome) {
    if (process.stdout.isTTY) console.log(describeOutcome(outcome))
    if (outcome.violations.length > 0) console.log(describeFailure(outcome, again(outcome.schedule.seed)))
  },
})
console.log(summarise(outcomes, (performance.now() - beganMs) / 1000))
process.exitCode = outcomes.some(({ violations }) => violations.length > 0) ? 1 : 0

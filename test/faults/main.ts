import { parseArgs } from 'node:util'
import type { CopyOutcome } from './copies/run-copy-case.ts'
import { describeCopyOutcome, runCopyCases } from './copies/run-copy-cases.ts'
import { describeFailure, describeOutcome, summarise } from './report.ts'
import { runSchedules } from './run-schedules.ts'

const USAGE = `npm run test:faults [SEED] [N]
npm run test:faults -- [SEED] [N] [flags]

Runs N random schedules of calls and faults, the first with SEED, the next with the numbers after it (1, 200).
  --fatal   in each a session is lost for good, not only in every fifth
  --codex   on stock exec-servers
  --copies  copies instead, each in a trouble at a random moment, and then again: one after another
  --jobs N  so many at a time`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    fatal: { type: 'boolean', default: false },
    codex: { type: 'boolean', default: false },
    copies: { type: 'boolean', default: false },
    jobs: { type: 'string' },
    help: { type: 'boolean' },
    program: { type: 'string', default: 'dist/bin.js' },
  },
})
const { fatal, codex, copies, program } = values
const [seed = 1, count = 200] = positionals.map(Number)
const jobs = values.jobs === undefined ? undefined : Number(values.jobs)
const isUsable = [seed, count, jobs ?? 1].every(Number.isInteger) && !((fatal || copies) && codex)
if (values.help || !isUsable) {
  console.log(USAGE)
  process.exit(isUsable ? 0 : 2)
}

if (copies) {
  const log = (outcome: CopyOutcome) => console.log(describeCopyOutcome(outcome))
  const outcomes = await runCopyCases({ seed, count, program, log })
  process.exit(outcomes.some(({ violations }) => violations.length > 0) ? 1 : 0)
}

const flags = [fatal ? '--fatal' : '', codex ? '--codex' : ''].filter(Boolean)
const commandFor = (seed: number) =>
  ['npm run test:faults', ...(flags.length > 0 ? ['--'] : []), seed, 1, ...flags].join(' ')
const beganMs = performance.now()
const outcomes = await runSchedules({
  seed,
  count,
  executor: codex ? 'codex' : 'ours',
  isFatal: fatal,
  program,
  jobs,
  log(outcome) {
    if (process.stdout.isTTY) console.log(describeOutcome(outcome))
    if (outcome.violations.length > 0)
      console.log(describeFailure(outcome, commandFor(outcome.schedule.seed)))
  },
})
console.log(summarise(outcomes, (performance.now() - beganMs) / 1000))
process.exitCode = outcomes.some(({ violations }) => violations.length > 0) ? 1 : 0

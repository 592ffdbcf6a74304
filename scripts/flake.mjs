// `npm run test:flake [TIMES]`: repeats the tests, 50 times unless said, and stops at the first failure.
import { spawnSync } from 'node:child_process'

const times = Number(process.argv[2] ?? 50)
for (let round = 1; round <= times; round++) {
  console.log(`round ${round} of ${times}`)
  const { status } = spawnSync('npx', ['vitest', 'run', '--reporter=dot'], { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

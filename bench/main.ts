import { benchCalls } from './calls.ts'
import { benchCopy } from './copy.ts'
import { benchFairness } from './fairness.ts'
import { benchGateway } from './gateway.ts'
import type { Row } from './measure.ts'
import { benchMemory } from './memory.ts'
import { benchPatch } from './patch.ts'
import { benchReconnect } from './reconnect.ts'
import { benchStartup } from './startup.ts'

const BENCHES: Record<string, () => Promise<Row[]>> = {
  startup: benchStartup,
  calls: benchCalls,
  memory: benchMemory,
  reconnect: benchReconnect,
  patch: benchPatch,
  gateway: benchGateway,
  fairness: benchFairness,
  copy: benchCopy,
}

const wanted = process.argv.slice(2)
for (const [name, bench] of Object.entries(BENCHES)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  console.log(`\n${name}`)
  for (const row of await bench()) console.log(lineOf(row))
}

/** A row without a goal stands there to be compared with. */
function lineOf({ name, ratio, goal, note }: Row): string {
  const [mark, aim] =
    goal === Number.POSITIVE_INFINITY
      ? [' ', '']
      : [ratio <= goal ? ' ' : '!', `goal ≤ ${Number(goal.toFixed(3))}`]
  return `  ${mark} ${name.padEnd(52)} ${ratio.toFixed(3).padStart(7)}  ${aim.padEnd(12)} ${note}`
}

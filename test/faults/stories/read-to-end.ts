import type { ProcessAnswer } from '../answer.ts'
import type { AskedProcess } from '../asked-process.ts'
import { type Stage, StoryOver } from '../stage.ts'
import { ALL_OUTPUT } from './script.ts'

/** How long one `read_output` waits for the exit, in ms. */
const YIELD_MS = 5000

/** What a process must come to. */
export interface ExpectedEnd {
  readonly process: AskedProcess
  readonly exitCode: number
}

/** Reads what still comes of a process that runs, until it exits, and checks what it came to. True when it has exited. */
export async function readToEnd(stage: Stage, first: ProcessAnswer, end: ExpectedEnd): Promise<boolean> {
  const { process, exitCode } = end
  const lastMs = performance.now() + stage.patienceMs + YIELD_MS
  let answer = first
  while (answer.kind === 'running') {
    if (performance.now() > lastMs) {
      const missing = process.output.missing ?? 'only its end'
      stage.violate('deadline', `${process.id} has not ended in time: ${missing} is missing`)
      throw new StoryOver()
    }
    const args = { wait_for: 'exit', yield_time_ms: YIELD_MS, ...ALL_OUTPUT }
    answer = await process.call('read_output', { session_id: answer.sessionId, ...args }, YIELD_MS)
  }
  if (answer.kind !== 'exited') return false
  const { missing } = process.output
  if (missing) stage.violate('output', `of ${process.id} ends early: ${missing} is missing`)
  if (answer.exitCode !== exitCode)
    stage.violate('effect', `${process.id} exited with ${answer.exitCode}, not ${exitCode}`)
  return true
}

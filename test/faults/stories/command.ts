import { AskedProcess } from '../asked-process.ts'
import type { EnvironmentName } from '../environments.ts'
import type { Random } from '../random.ts'
import type { Stage } from '../stage.ts'
import { readToEnd } from './read-to-end.ts'
import { ALL_OUTPUT, drawPrinting, noteStart, type Printing, printedLine, printScript } from './script.ts'

/** `shell`: a command that prints what it is given, then numbered lines, and exits. */
export interface CommandStory {
  readonly kind: 'command'
  readonly id: string
  readonly environment: EnvironmentName
  /** Lines of standard input. */
  readonly inputLines: number
  readonly printing: Printing
  readonly exitCode: number
  /** Short ones are over before the command is, which then goes on as a session. */
  readonly timeoutMs: number
}

export function drawCommand(random: Random, id: string, environment: EnvironmentName): CommandStory {
  return {
    kind: 'command',
    id,
    environment,
    inputLines: random.chance(0.3) ? random.scale(1, 2000) : 0,
    printing: drawPrinting(random, 1500),
    exitCode: random.pick([0, 0, 0, 1, 7]),
    timeoutMs: random.chance(0.25) ? random.integer(50, 600) : 45_000,
  }
}

/** Plays it: the output must come once and in order, the exit code must be right, and it must run once. */
export async function playCommand(story: CommandStory, stage: Stage): Promise<void> {
  const { id, environment, printing, inputLines, exitCode, timeoutMs } = story
  const process = new AskedProcess(stage, environment, id)
  const { output } = process
  const inputs = Array.from({ length: inputLines }, (_, n) => `${id} input ${n + 1}`)
  for (const input of inputs) output.expect(input)
  for (let n = 1; n <= printing.lines; n++) output.expect(printedLine(id, printing, n))
  const echo = 'while IFS= read -r line; do echo "$line"; done'
  const script = [
    noteStart(id),
    ...(inputLines > 0 ? [echo] : []),
    printScript(id, printing),
    `exit ${exitCode}`,
  ]
  const args = {
    environment_id: environment,
    command: ['sh', '-c', script.join('\n')],
    timeout_ms: timeoutMs,
    ...ALL_OUTPUT,
    ...(inputLines > 0 ? { stdin: inputs.map((input) => `${input}\n`).join('') } : {}),
  }
  const first = await process.call('shell', args, timeoutMs)
  await readToEnd(stage, first, { process, exitCode })
}

import type { AskedProcess, Standing } from './asked-process.ts'
import { ENVIRONMENTS, type EnvironmentName } from './environments.ts'
import type { ExecutorKind, Machine } from './machines.ts'
import { commandOf, groupOf } from './proc.ts'
import { settle } from './settle.ts'
import type { Stage } from './stage.ts'

/** How long what was ended may take to be gone, in ms. */
const SETTLE_MS = 5000

export interface ProcessCheck {
  readonly machines: Readonly<Record<EnvironmentName, Machine>>
  readonly executor: ExecutorKind
}

/**
 * When the server has ended: each process was started as often as the answers say, and what runs is what they say. Then
 * the executors are stopped, and with ours nothing may be left.
 */
export async function checkProcesses(stage: Stage, { machines, executor }: ProcessCheck): Promise<void> {
  for (const environment of ENVIRONMENTS) {
    const machine = machines[environment]
    const processes = stage.processes.filter((one) => one.environment === environment)
    for (const process of processes) checkStarts(stage, process)
    for (const text of await settle(() => wrongs(machine, processes, environment === stage.lost), SETTLE_MS))
      stage.violate('process', text)
    await machine.stop()
    // What a killed executor, or a stock one, has started lives on.
    if (executor === 'codex' || environment === stage.lost) continue
    const left = await settle(() => machine.children(), SETTLE_MS)
    if (left.length > 0) stage.violate('process', `${left.length} run on after their executor has ended`)
  }
  for (const check of stage.lastChecks) check()
}

function checkStarts(stage: Stage, { id, standing, pids }: AskedProcess): void {
  const count = pids.length
  if (count > 1) stage.violate('effect', `${id} was started ${count} times`)
  switch (standing) {
    case 'not started':
      if (count > 0) stage.violate('untruth', `${id} was started, and the answer says that it was not`)
      return
    case 'running':
    case 'left':
    case 'ended':
      if (count === 0) stage.violate('untruth', `${id} was not started, and the answer says that it was`)
      return
    case 'stopped':
    case 'doubtful':
      return
  }
}

/** What runs and should not, and what should and does not. */
function wrongs(machine: Machine, processes: readonly AskedProcess[], isLost: boolean): string[] {
  const groups = new Set(machine.children().flatMap((pid) => groupOf(pid) ?? []))
  const wrong: string[] = []
  for (const { id, standing, pids } of processes) {
    const own = pids.filter((pid) => groups.delete(pid))
    const problem = problemOf(standing, own.length > 0)
    // Where a session is lost, what was told before cannot be kept, except that something has ended.
    if (problem && (!isLost || standing === 'ended')) wrong.push(`${id} ${problem}`)
  }
  for (const group of groups)
    if (!isLost) wrong.push(`process ${group} (${commandOf(group)}) runs, and nobody knows of it`)
  return wrong
}

function problemOf(standing: Standing, isRunning: boolean): string | undefined {
  switch (standing) {
    case 'ended':
    case 'not started':
      return isRunning ? 'runs, and the answer says that it does not' : undefined
    case 'stopped':
      return isRunning ? 'runs, and was given up' : undefined
    case 'left':
      return isRunning ? undefined : 'was left running, and does not run'
    case 'running':
    case 'doubtful':
      return undefined
  }
}

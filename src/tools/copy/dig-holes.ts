import type { Executor } from '../../protocol/executor.ts'
import type { CallOptions } from '../../util/signals.ts'
import { hasShell } from './machine.ts'
import { runScript } from './run-script.ts'

/** Makes holes of the zeros in a file that came as a stream, which has none. Where there is no program for it, it takes the room of a whole one. */
export async function digHoles(executor: Executor, path: string, options: CallOptions): Promise<void> {
  if (!hasShell(executor)) return
  await runScript(executor, { script: DIG_HOLES, args: [path], action: 'cannot write there' }, options)
}

const DIG_HOLES = 'fallocate -d "$1" 2>/dev/null || :'

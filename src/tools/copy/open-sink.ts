import type { Executor } from '../../protocol/executor.ts'
import type { CallOptions } from '../../util/signals.ts'
import { BlockSink } from './block-sink.ts'
import { FedProcess } from './fed-process.ts'
import { hasShell } from './machine.ts'
import { runScript } from './run-script.ts'
import type { Sink } from './sink.ts'
import { WholeFileSink } from './whole-file-sink.ts'

/** Makes the file and gives the best way to write it that the machine has. `isPrivate`: nobody but its owner may read it. */
export async function openSink(
  executor: Executor,
  path: string,
  { isPrivate }: { isPrivate: boolean },
  options: CallOptions,
): Promise<Sink> {
  const action = 'cannot write there'
  const umask = isPrivate ? 'umask 077\n' : ''
  if (executor.features.writeBlocks) {
    if (isPrivate && hasShell(executor))
      await runScript(executor, { script: `${umask}: > "$1"`, args: [path], action }, options)
    return BlockSink.open(executor, path, options)
  }
  if (!hasShell(executor)) return new WholeFileSink(executor, path)
  return FedProcess.start(executor, { consumer: `${umask}exec cat > "$1"`, args: [path], action }, options)
}

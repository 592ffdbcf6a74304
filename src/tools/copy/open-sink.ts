import type { Executor } from '../../protocol/executor.ts'
import type { CallOptions } from '../../util/signals.ts'
import { openAppender } from './appender.ts'
import { BlockSink } from './block-sink.ts'
import { hasShell } from './machine.ts'
import type { Sink } from './sink.ts'
import { WholeFileSink } from './whole-file-sink.ts'

/** Opens a file for its bytes from `offset` on, in the best way that the machine has. What lay behind `offset` goes. */
export async function openSink(
  executor: Executor,
  path: string,
  { offset, isSparse }: { offset: number; isSparse: boolean },
  options: CallOptions,
): Promise<Sink> {
  if (executor.features.writeBlocks && offset === 0)
    return BlockSink.open(executor, path, { isSparse }, options)
  if (!hasShell(executor)) return new WholeFileSink(executor, path)
  return openAppender(executor, path, offset, options)
}

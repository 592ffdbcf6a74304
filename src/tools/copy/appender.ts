import type { Executor } from '../../protocol/executor.ts'
import type { CallOptions } from '../../util/signals.ts'
import { FedProcess } from './fed-process.ts'

/** A process that cuts a file at `offset`, and writes what it is given behind that: it outlives a lost connection. */
export function openAppender(
  executor: Executor,
  path: string,
  offset: number,
  options: CallOptions,
): Promise<FedProcess> {
  const request = { consumer: APPEND, args: [path, String(offset)], action: 'cannot write there' }
  return FedProcess.start(executor, request, options)
}

/** An archive that was cut may have left a file that forbids to be written. */
const APPEND =
  '{ [ -w "$1" ] || chmod u+w "$1"; } && dd if=/dev/null of="$1" bs=1 seek="$2" count=0 2>/dev/null && exec cat >> "$1"'

import type { Executor } from '../../protocol/executor.ts'
import type { CallOptions } from '../../util/signals.ts'
import { scriptFailure } from './script-failure.ts'
import { ScriptProcess } from './script-process.ts'
import { TAKE } from './take.ts'

/** What one permit lets pass. */
const PERMIT_BYTES = 256 * 1024
/** What may be on the way, unread: below the 1 MiB that an executor keeps of a process's output for a client who comes back. */
const MAX_AHEAD_BYTES = 3 * PERMIT_BYTES

/**
 * The stdout of a command, never more of it on the way than we have room for: an executor sends as fast as the command
 * writes. A shell loop behind the command reads permits "N\n" and lets N bytes pass for each. When the command is over it
 * says "end STATUS" on stderr; then "0\n" lets the rest pass, which is no more than a pipe holds. `producer`: shell text
 * with `args` as $1 …; `action` begins the message of its failure.
 */
export async function* pacedOutput(
  executor: Executor,
  { producer, args, action }: { producer: string; args: readonly string[]; action: string },
  options: CallOptions,
): AsyncGenerator<Uint8Array> {
  await using process = await ScriptProcess.start(executor, pace(producer), args, options)
  let permittedBytes = 0
  let receivedBytes = 0
  let isLast = false
  while (process.exitCode === undefined) {
    if (!isLast && END.test(process.stderr)) {
      isLast = true
      await process.write(Buffer.from('0\n'), options)
    }
    while (!isLast && permittedBytes - receivedBytes <= MAX_AHEAD_BYTES - PERMIT_BYTES) {
      permittedBytes += PERMIT_BYTES
      await process.write(Buffer.from(`${PERMIT_BYTES}\n`), options)
    }
    const bytes = await process.read(options)
    receivedBytes += bytes.byteLength
    if (bytes.byteLength > 0) yield bytes
  }
  const status = Number(END.exec(process.stderr)?.[1] ?? process.exitCode)
  if (status !== 0 || process.exitCode !== 0)
    throw scriptFailure(action, { exitCode: status, stderr: process.stderr.replace(END, '') })
}

/** On a line of its own: not every tar ends its warnings with a newline. */
const END = /\nend (\d+)\n/

function pace(producer: string): string {
  return `${TAKE}exec 3<&0
{
(
${producer}
)
printf '\\nend %s\\n' "$?" >&2
} </dev/null 3<&- | {
  while IFS= read -r n <&3 && [ "$n" != 0 ]; do take "$n" || exit; done
  [ "$n" = 0 ] && cat
}
`
}

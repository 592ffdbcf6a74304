import type { Executor } from '../../protocol/executor.ts'
import { BridgeError } from '../../util/errors.ts'
import type { CallOptions } from '../../util/signals.ts'
import { ScriptProcess } from './script-process.ts'

/** The longest answer is some file names, and a path may have 4 KB. */
const MAX_STDOUT_BYTES = 256 * 1024

/** A short script with arguments $1 …; `action` begins the message of its failure. */
export interface ScriptRequest {
  readonly script: string
  readonly args: readonly string[]
  readonly action: string
}

/** Runs a script of ours to its end and gives what it wrote to stdout. Throws when it fails, with its own words. */
export async function runScript(
  executor: Executor,
  { script, args, action }: ScriptRequest,
  options: CallOptions,
): Promise<string> {
  await using process = await ScriptProcess.start(executor, script, args, options)
  const pieces: Buffer[] = []
  let bytes = 0
  while (process.exitCode === undefined) {
    const piece = await process.read(options)
    pieces.push(piece)
    bytes += piece.byteLength
    if (bytes > MAX_STDOUT_BYTES) throw new BridgeError('internal', `${action}: it answered too much`)
  }
  if (process.exitCode !== 0) throw process.failure(action)
  return Buffer.concat(pieces).toString('utf8')
}

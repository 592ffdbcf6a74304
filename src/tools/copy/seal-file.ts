import type { Executor } from '../../protocol/executor.ts'
import type { CallOptions } from '../../util/signals.ts'
import { chmodArgument, touchArgument } from './attributes.ts'
import { FIND_SUM, sha256Here } from './checksum.ts'
import type { FileAttributes } from './copy-job.ts'
import { hasShell } from './machine.ts'
import { runScript } from './run-script.ts'

/** A file that has all it shall have. */
export interface SealedFile {
  /** Of what lies there now. */
  readonly sha256: string
  readonly keptMode: boolean
}

/** Computes the sha256 of a file that has just been written, then gives it its time and mode (which may forbid to read it). */
export async function sealFile(
  executor: Executor,
  path: string,
  attributes: FileAttributes | undefined,
  options: CallOptions,
): Promise<SealedFile> {
  if (!hasShell(executor)) return { sha256: await sha256Here(executor, path, options), keptMode: !attributes }
  const mode = attributes && chmodArgument(attributes)
  const time = attributes && touchArgument(attributes)
  const request = {
    script: SEAL,
    args: [path, time ?? '', mode ?? ''],
    action: 'cannot check what was written',
  }
  const sha256 = /[0-9a-f]{64}/.exec(await runScript(executor, request, options))?.[0]
  return {
    sha256: sha256 ?? (await sha256Here(executor, path, options)),
    keptMode: !attributes || mode !== undefined,
  }
}

/** The sha256 (hex) of a file, computed where it lies, or, where nothing there can do that, by reading it here. */
export async function sha256Of(executor: Executor, path: string, options: CallOptions): Promise<string> {
  return (await sealFile(executor, path, undefined, options)).sha256
}

const SEAL = `${FIND_SUM}[ -z "$sum" ] || $sum < "$1" || exit
[ -z "$2" ] || TZ=UTC0 touch -t "$2" "$1" || exit
[ -z "$3" ] || chmod "$3" "$1"
`

import type { Executor } from '../../protocol/executor.ts'
import type { CallOptions } from '../../util/signals.ts'
import { chmodArgument, touchArgument } from './attributes.ts'
import { FIND_INPUT_SUM, sha256Here } from './checksum.ts'
import type { FileAttributes } from './copy-job.ts'
import { hasShell } from './machine.ts'
import { runScript } from './run-script.ts'

/** A file that has all it shall have. */
export interface SealedFile {
  /** Of what lies there now; undefined unless it was to be read. */
  readonly sha256: string | undefined
  readonly keptMode: boolean
}

/** Computes the sha256 of a file that has just been written, if told to, then gives it its time and mode (which may forbid to read it). */
export async function sealFile(
  executor: Executor,
  path: string,
  { attributes, verify }: { attributes: FileAttributes | undefined; verify: boolean },
  options: CallOptions,
): Promise<SealedFile> {
  const sha256 = verify ? await sha256Of(executor, path, {}, options) : undefined
  if (!attributes) return { sha256, keptMode: true }
  if (!hasShell(executor)) return { sha256, keptMode: false }
  const args = [path, touchArgument(attributes) ?? '', chmodArgument(attributes)]
  await runScript(executor, { script: SEAL, args, action: 'cannot finish what was written' }, options)
  return { sha256, keptMode: attributes.mode !== undefined }
}

/** The sha256 (hex) of a file, computed where it lies, or, where nothing there can do that, `fallback`, or by reading it here. */
export async function sha256Of(
  executor: Executor,
  path: string,
  { fallback }: { fallback?: string | undefined },
  options: CallOptions,
): Promise<string> {
  if (executor.features.hash) return executor.hash(path, options)
  const there = hasShell(executor) ? await sha256There(executor, path, options) : undefined
  return there ?? fallback ?? sha256Here(executor, path, options)
}

async function sha256There(
  executor: Executor,
  path: string,
  options: CallOptions,
): Promise<string | undefined> {
  const request = { script: HASH, args: [path], action: 'cannot check what was written' }
  return /[0-9a-f]{64}/.exec(await runScript(executor, request, options))?.[0]
}

const HASH = `${FIND_INPUT_SUM}[ -z "$sum" ] || $sum < "$1"`

const SEAL = `[ -z "$2" ] || TZ=UTC0 touch -c -t "$2" "$1" || exit
chmod "$3" "$1"
`

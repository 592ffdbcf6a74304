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
  readonly keptTime: boolean
}

/**
 * Computes the sha256 of a file that has just been written, if told to, then gives it its time and mode (which may forbid to read
 * it), unless it `hasThem`, and looks whether the disk keeps them.
 */
export async function sealFile(
  executor: Executor,
  path: string,
  { attributes, hasThem, verify }: { attributes: FileAttributes; hasThem: boolean; verify: boolean },
  options: CallOptions,
): Promise<SealedFile> {
  const sha256 = verify ? await sha256Of(executor, path, {}, options) : undefined
  if (!hasShell(executor)) return { sha256, keptMode: hasThem, keptTime: true }
  const time = touchArgument(attributes)
  const set = hasThem ? ['', ''] : [time ?? '', chmodArgument(attributes)]
  const request = { script: SEAL, args: [path, ...set], action: 'cannot finish what was written' }
  const [mode = '', seconds] = (await runScript(executor, request, options)).split(' ')
  return {
    sha256,
    keptMode: attributes.mode !== undefined && isSameMode(attributes.mode, Number.parseInt(mode, 8)),
    keptTime: time === undefined || Number(seconds) === Math.floor(attributes.modifiedMs / 1000),
  }
}

/** Setuid and setgid are not taken over. */
function isSameMode(one: number, other: number): boolean {
  return (one & 0o777) === (other & 0o777)
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

/** A disk that has no modes or times does not take them; what it has is printed. GNU and busybox know -c, the BSDs -f. */
const SEAL = `[ -z "$2" ] || TZ=UTC0 touch -c -t "$2" "$1" 2>/dev/null
[ -z "$3" ] || chmod "$3" "$1" 2>/dev/null
stat -c '%a %Y' "$1" 2>/dev/null || stat -f '%Lp %m' "$1"
`

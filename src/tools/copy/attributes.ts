import type { CallOptions } from '../../util/signals.ts'
import type { FileAttributes, Source } from './copy-job.ts'
import { hasShell } from './machine.ts'
import { runScript } from './run-script.ts'

/** The mode and time of a file, and whether it has holes; a stock executor tells only the time, so a process is asked. */
export async function attributesOf(source: Source, options: CallOptions): Promise<FileAttributes> {
  const { mode, modifiedMs, size } = source.metadata
  if (!hasShell(source.executor)) return { mode, modifiedMs, size, isSparse: false }
  const request = { script: STAT, args: [source.path], action: 'cannot read its mode' }
  const [octal = '', blocks, bytes] = (await runScript(source.executor, request, options)).split(' ')
  const isSparse = Number(blocks) * BLOCK_BYTES < Number(bytes)
  return { mode: mode ?? Number.parseInt(octal, 8), modifiedMs, size: size ?? Number(bytes), isSparse }
}

/** What `stat` counts in, whatever the disk. */
const BLOCK_BYTES = 512

/** GNU and busybox know -c, the BSDs -f. */
const STAT = `stat -L -c '%a %b %s' "$1" 2>/dev/null || stat -L -f '%Lp %b %z' "$1"`

/** The mode for `chmod`: without setuid and setgid, for the copy has another owner; what is usual there where nothing tells it. */
export function chmodArgument({ mode }: FileAttributes): string {
  return mode === undefined ? '=rw' : (mode & 0o777).toString(8).padStart(4, '0')
}

/** The time for `touch -t`, in UTC, to the second: CCYYMMDDhhmm.SS. */
export function touchArgument({ modifiedMs }: FileAttributes): string | undefined {
  if (!(modifiedMs > 0 && modifiedMs < Date.UTC(10_000, 0))) return undefined
  const [, minutes, seconds] = /^(.{16}):(..)/.exec(new Date(modifiedMs).toISOString()) ?? []
  return `${minutes?.replace(/\D/g, '')}.${seconds}`
}

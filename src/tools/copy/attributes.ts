import type { CallOptions } from '../../util/signals.ts'
import type { FileAttributes, Source } from './copy-job.ts'
import { hasShell } from './machine.ts'
import { runScript } from './run-script.ts'

/** The mode and time of a file; a stock executor does not tell the mode, so a process is asked. */
export async function attributesOf(source: Source, options: CallOptions): Promise<FileAttributes> {
  const { metadata } = source
  return { mode: metadata.mode ?? (await askMode(source, options)), modifiedMs: metadata.modifiedMs }
}

async function askMode({ executor, path }: Source, options: CallOptions): Promise<number | undefined> {
  if (!hasShell(executor)) return undefined
  const answer = await runScript(
    executor,
    { script: MODE, args: [path], action: 'cannot read its mode' },
    options,
  )
  return Number.parseInt(answer, 8)
}

/** GNU and busybox know -c, the BSDs -f. */
const MODE = `stat -L -c %a "$1" 2>/dev/null || stat -L -f %Lp "$1"`

/** True when not everyone may read the file: its partial copy must not be readable by everyone either. */
export function isPrivate({ mode }: FileAttributes): boolean {
  return mode !== undefined && (mode & 0o044) !== 0o044
}

/** The mode for `chmod`: without setuid and setgid, for the copy has another owner. */
export function chmodArgument({ mode }: FileAttributes): string | undefined {
  return mode === undefined ? undefined : (mode & 0o777).toString(8).padStart(4, '0')
}

/** The time for `touch -t`, in UTC, to the second: CCYYMMDDhhmm.SS. */
export function touchArgument({ modifiedMs }: FileAttributes): string | undefined {
  if (!(modifiedMs > 0 && modifiedMs < Date.UTC(10_000, 0))) return undefined
  const [, minutes, seconds] = /^(.{16}):(..)/.exec(new Date(modifiedMs).toISOString()) ?? []
  return `${minutes?.replace(/\D/g, '')}.${seconds}`
}

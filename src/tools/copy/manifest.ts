import type { Executor } from '../../protocol/executor.ts'
import { BridgeError } from '../../util/errors.ts'
import type { CallOptions } from '../../util/signals.ts'
import { FIND_SUM } from './checksum.ts'
import { runScript } from './run-script.ts'

/** What lies in a directory, however deep. */
export interface Census {
  readonly files: number
  readonly bytes: number
  /** Devices, sockets and pipes: what cannot be copied. The first few by name. */
  readonly specialFiles: readonly string[]
}

/** Counts what lies in a directory, as far as it can be read. */
export async function takeCensus(executor: Executor, path: string, options: CallOptions): Promise<Census> {
  const action = `cannot list "${path}"`
  const [totals = '', ...specialFiles] = (
    await runScript(executor, { script: CENSUS, args: [path], action }, options)
  ).split('\n')
  const [files, bytes] = totals.split(' ').map(Number)
  if (!Number.isSafeInteger(files) || !Number.isSafeInteger(bytes))
    throw new BridgeError('internal', `${action}: it answered ${JSON.stringify(totals.slice(0, 100))}`)
  return { files: files!, bytes: bytes!, specialFiles: specialFiles.filter((name) => name !== '') }
}

/**
 * One sha256 over all that makes a directory: names, links' targets, and the sha256 of every file. Equal on two machines
 * means equal content. Undefined where nothing can compute it.
 */
export async function manifestOf(
  executor: Executor,
  path: string,
  options: CallOptions,
): Promise<string | undefined> {
  const request = { script: MANIFEST, args: [path], action: `cannot check "${path}"` }
  return /^([0-9a-f]{64})/.exec(await runScript(executor, request, options))?.[1]
}

/** `wc -c` prints "  SIZE ./name" for each file, "  SIZE total" between, and more lines for names with newlines. */
const CENSUS = `cd "$1" || exit
find . -type f -exec wc -c {} + | {
  files=0 bytes=0
  while read -r size name; do
    case $size in '' | *[!0-9]*) continue ;; esac
    case $name in '' | total) continue ;; esac
    files=$((files + 1)) bytes=$((bytes + size))
  done
  echo "$files $bytes"
}
find . ! -type f ! -type d ! -type l | head -n 20
`

/**
 * Lines "d NAME", "l NAME -> TARGET" and "SHA256  NAME", sorted by bytes. Programs differ in how they print a name with a
 * backslash or a newline, so such names are printed by the shell. A \`find\` that fails makes the script fail (fd 4).
 */
const MANIFEST = `cd "$1" || exit
${FIND_SUM}[ -n "$sum" ] || exit 0
export sum
odd='*[\\\\
]*'
list() {
  find . -type d -exec sh -c 'for f; do printf "d %s\\n" "$f"; done' sh {} + &&
  find . -type l -exec sh -c 'for f; do printf "l %s -> %s\\n" "$f" "$(readlink "$f")"; done' sh {} + &&
  find . -type f ! -path "$odd" -exec $sum {} + &&
  find . -type f -path "$odd" -exec sh -c 'for f; do printf "%s %s\\n" "$($sum < "$f")" "$f"; done' sh {} +
}
exec 3>&1
status=$( { { list; echo $? >&4; } | sort | $sum >&3; } 4>&1 )
exit "$status"
`

import type { Executor } from '../../protocol/executor.ts'
import type { CallOptions } from '../../util/signals.ts'
import { FIND_SUM } from './checksum.ts'
import { runScript } from './run-script.ts'

/**
 * One sha256 over all that makes a directory: names, links' targets, and the sha256 of every file. Equal on two machines
 * means equal content. `names`: a directory of lists (see `names-file.ts`) of what counts; empty: all. Undefined where nothing
 * can compute it.
 */
export async function manifestOf(
  executor: Executor,
  { path, names }: { path: string; names: string },
  options: CallOptions,
): Promise<string | undefined> {
  const request = { script: MANIFEST, args: [path, names], action: `cannot check "${path}"` }
  return /^([0-9a-f]{64})/.exec(await runScript(executor, request, options))?.[1]
}

/**
 * Lines "d NAME", "l NAME -> TARGET" and "SHA256  NAME", sorted by bytes. Programs differ in how they print a name with a
 * backslash or a newline, so such names are printed by the shell. A `find` that fails makes the script fail (fd 4).
 */
const MANIFEST = `cd "$1" || exit
${FIND_SUM}[ -n "$sum" ] || exit 0
export sum
odd='*[\\\\
]*'
if [ -n "$2" ]; then
  names=$2
  each_d() { xargs -0 "$@" < "$names/d"; }
  each_l() { xargs -0 "$@" < "$names/l"; }
  each_f() { xargs -0 "$@" < "$names/f"; }
  each_o() { xargs -0 "$@" < "$names/o"; }
else
  each_d() { find . -type d -exec "$@" {} +; }
  each_l() { find . -type l -exec "$@" {} +; }
  each_f() { find . -type f ! -path "$odd" -exec "$@" {} +; }
  each_o() { find . -type f -path "$odd" -exec "$@" {} +; }
fi
list() {
  each_d sh -c 'for f; do printf "d %s\\n" "$f"; done' sh &&
  each_l sh -c 'for f; do printf "l %s -> %s\\n" "$f" "$(readlink "$f")"; done' sh &&
  each_f sh -c '[ $# -eq 0 ] || exec $sum "$@"' sh &&
  each_o sh -c 'for f; do printf "%s %s\\n" "$($sum < "$f")" "$f"; done' sh
}
exec 3>&1
status=$( { { list; echo $? >&4; } | sort | $sum >&3; } 4>&1 )
exit "$status"
`

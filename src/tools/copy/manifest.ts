import type { Executor } from '../../protocol/executor.ts'
import type { CallOptions } from '../../util/signals.ts'
import { FIND_SUM } from './checksum.ts'
import { runScript } from './run-script.ts'

/**
 * One sha256 over all that makes a directory: names, links' targets, and the sha256 of every file. Equal on two machines
 * means equal content. `names`: a list of what counts (see `names-file.ts`); empty: all. Undefined where nothing
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
 * backslash or a newline, so such names are printed by the shell. A list that fails makes the script fail (fd 4).
 */
const MANIFEST = `cd "$1" || exit
${FIND_SUM}[ -n "$sum" ] || exit 0
export sum newline='
'
classify='for f; do
  shift
  if [ -L "$f" ]; then printf "l %s -> %s\\n" "$f" "$(readlink "$f")"
  elif [ -d "$f" ]; then printf "d %s\\n" "$f"
  else
    case $f in
    *[\\\\$newline]*) printf "%s %s\\n" "$($sum < "$f")" "$f" || exit ;;
    *) set -- "$@" "$f" ;;
    esac
  fi
done
[ $# -eq 0 ] || exec $sum "$@"'
list() {
  if [ -n "$1" ]; then xargs -0 -n 500 sh -c "$classify" sh < "$1"
  else find . \\( -type f -o -type d -o -type l \\) -exec printf '%s\\0' {} + | xargs -0 -n 500 sh -c "$classify" sh
  fi
}
exec 3>&1
status=$( { { list "$2"; echo $? >&4; } | sort | $sum >&3; } 4>&1 )
exit "$status"
`

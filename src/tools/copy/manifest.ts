import type { Executor } from '../../protocol/executor.ts'
import type { CallOptions } from '../../util/signals.ts'
import { FIND_SUM } from './checksum.ts'
import { runScript } from './run-script.ts'

/** What makes a directory, in three sums: equal ones at two machines mean that it is the same. */
export interface Manifest {
  /** Of names, links' targets, and the sha256 of every file. */
  readonly content: string
  /** Of the modes of files and directories, but for setuid, setgid and sticky. */
  readonly modes: string
  /** Of the times of files, in s: programs touch those of directories that change nothing in them. */
  readonly times: string
}

/** `names`: a list of what counts (see `names-file.ts`); empty: all. Undefined where nothing can compute it. */
export async function manifestOf(
  executor: Executor,
  { path, names }: { path: string; names: string },
  options: CallOptions,
): Promise<Manifest | undefined> {
  const request = { script: MANIFEST, args: [path, names], action: `cannot check "${path}"` }
  const printed = await runScript(executor, request, options)
  const [content, modes, times] = printed.match(/^[0-9a-f]{64}/gm) ?? []
  return content && modes && times ? { content, modes, times } : undefined
}

/**
 * Lines "d NAME", "l NAME -> TARGET" and "SHA256  NAME", sorted by bytes. Programs differ in how they print a name with a
 * backslash or a newline, so such names are printed by the shell. A list that fails makes the script fail (fd 4). Then the same
 * of modes and of times, as GNU's `stat` and that of busybox print them with -c, that of the BSDs with -f.
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
facts='for f; do
  shift
  if [ -L "$f" ] || { [ -n "$filesOnly" ] && [ -d "$f" ]; }; then continue; fi
  set -- "$@" "$f"
done
[ $# -eq 0 ] || exec stat "$option" "$form" "$@"'
listFacts() {
  if [ -n "$1" ]; then xargs -0 -n 500 sh -c "$facts" sh < "$1"
  elif [ -n "$filesOnly" ]; then find . -type f -exec stat "$option" "$form" {} +
  else find . \\( -type f -o -type d \\) -exec stat "$option" "$form" {} +
  fi
}
exec 3>&1
summed() {
  status=$( { { "$@"; echo $? >&4; } | sort | $sum >&3; } 4>&1 )
  [ "$status" = 0 ] || exit "$status"
}
summed list "$2"
export option form filesOnly
if stat -c %a . >/dev/null 2>&1; then option=-c mode='%a %n' time='%Y %n'; else option=-f mode='%Lp %N' time='%m %N'; fi
modes() { listFacts "$1" | sed 's/^[0-7]\\([0-7][0-7][0-7] \\)/\\1/'; }
form=$mode filesOnly=
summed modes "$2"
form=$time filesOnly=yes
summed listFacts "$2"
`

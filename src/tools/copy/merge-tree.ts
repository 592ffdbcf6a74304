import type { Executor } from '../../protocol/executor.ts'
import type { CallOptions } from '../../util/signals.ts'
import { runScript } from './run-script.ts'

/**
 * Moves what lies in the directory `from` into the directory `into`, on one machine and one file system: what is new at once,
 * what is there already file by file, each at once. Nothing is touched when a directory meets something that is none.
 * Gives sentences on what was replaced.
 */
export async function mergeTree(
  executor: Executor,
  from: string,
  into: string,
  options: CallOptions,
): Promise<string[]> {
  const args = [from, into]
  const check = await runScript(executor, { script: CHECK, args, action: 'cannot put it in place' }, options)
  const action = 'not all of it could be put in place (what is in place already stays)'
  await runScript(executor, { script: MERGE, args, action }, options)
  const lines = check.trimEnd().split('\n')
  const count = Number(lines.pop())
  const names = count > lines.length ? `${lines.join(', ')}, …` : lines.join(', ')
  return [
    'The directory was there already: each file came into place at once, all of them one after another.',
    count === 0 ? 'Nothing in it was replaced.' : `Replaced: ${count} (${names}).`,
  ]
}

/** Prints the first names that will be replaced, and in the last line how many there are. */
const CHECK = `cd "$1" || exit
find . -type d -exec sh -c 'into=$1; shift
for name; do
  if [ ! -d "$into/$name" ] && { [ -e "$into/$name" ] || [ -L "$into/$name" ]; }; then
    echo "$name is a directory in the source and not a directory there" >&2; exit 1
  fi
done' sh "$2" {} + || exit
find . ! -type d -exec sh -c 'into=$1; shift
for name; do
  if [ -d "$into/$name" ] && [ ! -L "$into/$name" ]; then
    echo "$name is a directory there and not a directory in the source" >&2; exit 1
  fi
done' sh "$2" {} + || exit
find . ! -type d -exec sh -c 'into=$1; shift
for name; do
  if [ -e "$into/$name" ] || [ -L "$into/$name" ]; then printf "%s\\n" "$name"; fi
done' sh "$2" {} + | {
  count=0
  while IFS= read -r name; do
    count=$((count + 1))
    [ "$count" -gt 10 ] || printf '%s\\n' "$name"
  done
  echo "$count"
}
`

/** A directory that is new is moved whole. \`mv\` into a directory renames over what has the same name. */
const MERGE = `merge() (
  cd "$1" && chmod u+rwx . || exit
  into=$2
  set --
  for name in * .[!.]* ..?*; do
    [ -e "$name" ] || [ -L "$name" ] || continue
    if [ -d "$name" ] && [ ! -L "$name" ] && [ -d "$into/$name" ]; then
      merge "./$name" "$into/$name" || exit
      continue
    fi
    set -- "$@" "./$name"
    [ $# -lt 100 ] || { mv -f "$@" "$into/" && set --; } || exit
  done
  [ $# -eq 0 ] || mv -f "$@" "$into/"
)
merge "$1" "$2" && rm -rf "$1"
`

import type { Executor } from '../../protocol/executor.ts'
import { BridgeError } from '../../util/errors.ts'
import { type CallOptions, callScope } from '../../util/signals.ts'
import { runScript } from './run-script.ts'

/** How long a merge that failed is looked into. */
const LOOK_TIMEOUT_MS = 10_000

/**
 * Moves what lies in the directory `from` into the directory `into`, on one machine and one file system: what is new at once,
 * what is there already file by file, each at once. Nothing is touched when a directory meets something that is none.
 * Gives sentences on what was replaced; when it ends before its end, its error says how many files are in place already.
 */
export async function mergeTree(
  executor: Executor,
  from: string,
  into: string,
  options: CallOptions,
): Promise<string[]> {
  const merge = { args: [from, into], action: 'cannot put it in place' }
  const replaced = await runScript(executor, { ...merge, script: CHECK }, options)
  const files = await countFiles(executor, from, options)
  try {
    await runScript(executor, { ...merge, script: MERGE }, options)
  } catch (error) {
    throw await withStanding(BridgeError.from(error), { executor, from, files })
  }
  return [
    'The directory was there already: each file came into place at once, all of them one after another.',
    describeReplaced(replaced),
  ]
}

/** The same error, and how far the merge came: what was moved lies no longer in `from`. */
async function withStanding(
  error: BridgeError,
  { executor, from, files }: { executor: Executor; from: string; files: number },
): Promise<BridgeError> {
  using scope = callScope({ timeoutMs: LOOK_TIMEOUT_MS })
  const left = await countFiles(executor, from, { signal: scope.signal }).catch(() => undefined)
  if (left === files) return error
  return new BridgeError(error.code, `${error.message}; ${standing(files, left)}`, { cause: error })
}

function standing(files: number, left: number | undefined): string {
  if (left === undefined) return 'some files may be in place already'
  if (left === 0) return `all ${files} files are in place already`
  return `${files - left} of ${files} files are in place already, the others are not`
}

async function countFiles(executor: Executor, path: string, options: CallOptions): Promise<number> {
  const request = { script: COUNT, args: [path], action: 'cannot count the files' }
  return Number(await runScript(executor, request, options))
}

function describeReplaced(printed: string): string {
  const lines = printed.trimEnd().split('\n')
  const count = Number(lines.pop())
  const names = count > lines.length ? `${lines.join(', ')}, …` : lines.join(', ')
  return count === 0 ? 'Nothing in it was replaced.' : `Replaced: ${count} (${names}).`
}

/** Names may have newlines, so they are counted by the shell. */
const COUNT = `find "$1" ! -type d -exec sh -c 'echo $#' sh {} + | {
  files=0
  while read -r some; do files=$((files + some)); done
  echo "$files"
}
`

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

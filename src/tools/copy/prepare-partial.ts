import type { CallOptions } from '../../util/signals.ts'
import type { CopyJob } from './copy-job.ts'
import { DF } from './free-space.ts'
import { hasShell } from './machine.ts'
import { DROP, type Partial } from './partial.ts'
import { runScript } from './run-script.ts'
import { isGone, WRITER } from './writer.ts'

/** What a copy finds in the place of its partial file or directory. */
export interface Prepared {
  /** An earlier try has left one, which is gone on with. */
  readonly isThere: boolean
  /** Bytes of the partial file; 0 of a directory. */
  readonly bytes: number
  /** What `df` says of the disk. */
  readonly df: string
  /** The disk does not tell upper and lower case apart; found out of directories. */
  readonly foldsCase: boolean
}

/**
 * Makes the partial file or directory, closed to others, unless an earlier try has left one of our own that may be gone on with.
 * Removes what was left of other versions of the source; what another server may be writing to stays for a day. Without a shell
 * it is the transfer that makes it.
 */
export async function preparePartial(
  job: CopyJob,
  partial: Partial,
  options: CallOptions,
): Promise<Prepared> {
  if (!hasShell(job.target.executor)) return { isThere: false, bytes: 0, df: '', foldsCase: false }
  const { writers, ...prepared } = await prepare(job, partial, '', options)
  const gone = job.resume && !prepared.isThere ? writers.find(isGone) : undefined
  return gone === undefined ? prepared : prepare(job, partial, gone, options)
}

/** `gone`: a server whose partial copy is taken over; empty: none. */
async function prepare(
  { source, target, resume }: CopyJob,
  { path, prefix, kept }: Partial,
  gone: string,
  options: CallOptions,
): Promise<Prepared & { readonly writers: readonly string[] }> {
  const script = source.metadata.kind === 'directory' ? PREPARE_DIRECTORY : PREPARE_FILE
  const inOtherCase = path.replace(/env-mcp(?=-[^/]*$)/, 'ENV-MCP')
  const args = [path, prefix, resume ? 'resume' : '', kept, WRITER, gone, inOtherCase]
  const request = { script, args, action: 'cannot write there' }
  const printed = await runScript(target.executor, request, options)
  const [, bytes, folds, df = ''] = /^(?:writer .*\n)*(\d*)\n(folds\n)?(.*)$/s.exec(printed) ?? []
  const writers = [...printed.matchAll(/^writer ([0-9a-f]{6}-\d+-[0-9a-f]{4})$/gm)].map(
    ([, writer]) => writer!,
  )
  return { isThere: bytes !== '', bytes: Number(bytes), df, foldsCase: folds !== undefined, writers }
}

/** Prints "writer NAME" for each other server that has begun the same copy. */
const TAKE_OVER = `${DROP}umask 077
stem=\${4%.partial}-
if [ -n "$6" ]; then drop "$1" && mv "$stem$6.partial" "$1" || :
elif [ -n "$3" ] && [ -e "$4" ] && [ ! -e "$1" ] && [ ! -L "$1" ]; then mv "$4" "$1" || :
fi
for old in "$2"*.partial; do
  [ "$old" != "$1" ] && { [ -e "$old" ] || [ -L "$old" ]; } || continue
  case \${old#"$2"} in
  *-"$5".partial) ;;
  -*-*-*-*.partial)
    if [ -z "$(find "$old" -prune -ctime +1 2>/dev/null)" ]; then
      case $old in "$stem"*) old=\${old#"$stem"}; echo "writer \${old%.partial}" ;; esac
      continue
    fi ;;
  esac
  drop "$old" || exit
done
`

/** In a directory that others write to, only what is our own is gone on with, and none of theirs is written to. */
const PREPARE_FILE = `${TAKE_OVER}if [ -n "$3" ] && [ -f "$1" ] && [ ! -L "$1" ] && [ -O "$1" ]; then
  echo $(($(wc -c < "$1")))
else
  drop "$1" && (set -C && : > "$1") && echo || exit
fi
${DF} || :
`

/** In its directories must be written; the archive gives them their modes again. `ls` rather than the shell's own test: it says nothing of what is not there. */
const PREPARE_DIRECTORY = `${TAKE_OVER}if [ -n "$3" ] && [ -d "$1" ] && [ ! -L "$1" ] && [ -O "$1" ]; then
  find "$1" -type d ! -perm -700 -exec chmod u+rwx {} \\; && echo 0 || exit
else
  drop "$1" && mkdir "$1" && echo || exit
fi
[ -z "$(ls -d "$7" 2>/dev/null)" ] || echo folds
${DF} || :
`

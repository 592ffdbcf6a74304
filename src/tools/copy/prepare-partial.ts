import type { CallOptions } from '../../util/signals.ts'
import type { CopyJob } from './copy-job.ts'
import { DF } from './free-space.ts'
import { hasShell } from './machine.ts'
import { DROP, type Partial } from './partial.ts'
import { runScript } from './run-script.ts'

/** What a copy finds in the place of its partial file or directory. */
export interface Prepared {
  /** An earlier try has left one, which is gone on with. */
  readonly isThere: boolean
  /** Bytes of the partial file; 0 of a directory. */
  readonly bytes: number
  /** What `df` says of the disk. */
  readonly df: string
}

/**
 * Removes the partial copies of other versions of the source, and makes the partial file or directory, closed to others, unless one
 * of our own is there and may be gone on with. Without a shell it is the transfer that makes it.
 */
export async function preparePartial(
  { source, target, resume }: CopyJob,
  { path, prefix }: Partial,
  options: CallOptions,
): Promise<Prepared> {
  if (!hasShell(target.executor)) return { isThere: false, bytes: 0, df: '' }
  const script = source.metadata.kind === 'directory' ? PREPARE_DIRECTORY : PREPARE_FILE
  const request = { script, args: [path, prefix, resume ? 'resume' : ''], action: 'cannot write there' }
  const printed = await runScript(target.executor, request, options)
  const [, bytes, df = ''] = /^(\d*)\n(.*)$/s.exec(printed) ?? []
  return { isThere: bytes !== '', bytes: Number(bytes), df }
}

const DROP_OTHERS = `${DROP}for old in "$2"*.partial; do
  [ "$old" = "$1" ] || { [ ! -e "$old" ] && [ ! -L "$old" ]; } || drop "$old" || exit
done
umask 077
`

/** In a directory that others write to, only what is our own is gone on with, and none of theirs is written to. */
const PREPARE_FILE = `${DROP_OTHERS}if [ -n "$3" ] && [ -f "$1" ] && [ ! -L "$1" ] && [ -O "$1" ]; then
  echo $(($(wc -c < "$1")))
else
  drop "$1" && (set -C && : > "$1") && echo || exit
fi
${DF} || :
`

/** In its directories must be written; the archive gives them their modes again. */
const PREPARE_DIRECTORY = `${DROP_OTHERS}if [ -n "$3" ] && [ -d "$1" ] && [ ! -L "$1" ] && [ -O "$1" ]; then
  find "$1" -type d ! -perm -700 -exec chmod u+rwx {} \\; && echo 0 || exit
else
  drop "$1" && mkdir "$1" && echo || exit
fi
${DF} || :
`

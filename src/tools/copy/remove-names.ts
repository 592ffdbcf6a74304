import type { Executor } from '../../protocol/executor.ts'
import type { CallOptions } from '../../util/signals.ts'
import type { Entry } from './entries.ts'
import { withNames } from './names-file.ts'
import { runScript } from './run-script.ts'

/** Removes entries of a directory, with all that is in them. */
export async function removeNames(
  executor: Executor,
  path: string,
  entries: Iterable<Entry>,
  options: CallOptions,
): Promise<void> {
  const all = [...entries]
  if (all.length === 0) return
  await withNames(executor, all, options, (names) =>
    runScript(
      executor,
      { script: REMOVE, args: [path, names], action: 'cannot remove what is old' },
      options,
    ),
  )
}

const REMOVE = `cd "$1" || exit
xargs -0 rm -rf < "$2"
`

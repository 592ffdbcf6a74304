import type { Executor } from '../../protocol/executor.ts'
import { BridgeError } from '../../util/errors.ts'
import type { CallOptions } from '../../util/signals.ts'
import type { Entry } from './listing.ts'
import { runScript } from './run-script.ts'

/** Throws `conflict` when two entries would be one on the disk on which `partial` lies, which is there and has `env-mcp` in its name. */
export async function refuseCaseClash(
  executor: Executor,
  partial: string,
  entries: readonly Entry[],
  options: CallOptions,
): Promise<void> {
  const clash = findClash(entries)
  if (!clash) return
  const other = partial.replace(/env-mcp(?=-[^/]*$)/, 'ENV-MCP')
  const request = { script: LOOK, args: [other], action: 'cannot look at its disk' }
  if ((await runScript(executor, request, options)) === '') return
  const [one, two] = clash.map((path) => JSON.stringify(path))
  throw new BridgeError(
    'conflict',
    `${one} and ${two} would be one there, for its disk does not tell upper and lower case apart: rename one, or exclude it`,
  )
}

/** `ls` rather than the shell's own test: it says nothing of what is not there. */
const LOOK = 'ls -d "$1" 2>/dev/null || :'

/** The first two paths that differ in upper and lower case only. */
function findClash(entries: readonly Entry[]): [string, string] | undefined {
  const seen = new Set<string>()
  for (const { path } of entries) {
    const folded = path.toLowerCase()
    if (seen.has(folded)) return [entries.find((entry) => entry.path.toLowerCase() === folded)!.path, path]
    seen.add(folded)
  }
  return undefined
}

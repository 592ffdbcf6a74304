import { createHash } from 'node:crypto'
import { BridgeError } from '../../util/errors.ts'
import { callScope } from '../../util/signals.ts'
import type { CopyJob } from './copy-job.ts'
import { hasShell, pathsOf } from './machine.ts'
import { runScript } from './run-script.ts'
import { WRITER } from './writer.ts'

const CLEAN_UP_TIMEOUT_MS = 10_000
/** A name may have 255 bytes; of the target's own so many characters of up to 4 bytes leave room for the rest. */
const MAX_NAME_CHARS = 40

/** A copy that is not whole yet: a file or directory beside the target, on its file system, so that it can be renamed into place. */
export interface Partial {
  readonly path: string
  /** What it is called when it is left for the next call, of whichever server. */
  readonly kept: string
  /** How the names of all partial copies of this source to this target begin, also of other versions of the source. */
  readonly prefix: string
  /** Set when what lies there is known to be wrong: then it is not kept for the next try. */
  isSpoiled: boolean
}

/** Where a call of this server is copying to, and from. */
const inUse = new Set<string>()

/**
 * Runs `work` with the partial copy of this source to this target. Its name is the same in every call of this server, until the
 * source changes; another server has one of its own.
 * When `work` fails, what has arrived is kept for the next call, or removed without `resume`, and the error says so.
 */
export async function withPartial<T>(job: CopyJob, work: (partial: Partial) => Promise<T>): Promise<T> {
  const partial = partialOf(job)
  const key = JSON.stringify([job.target.environment, partial.prefix])
  if (inUse.has(key))
    throw new BridgeError('conflict', 'the same copy is under way already: wait for it, or end it')
  inUse.add(key)
  try {
    return await work(partial)
  } catch (reason) {
    const error = BridgeError.from(reason)
    throw new BridgeError(error.code, `${error.message}${await settle(job, partial)}`, { cause: error })
  } finally {
    inUse.delete(key)
  }
}

/** `<name>.env-mcp-<ends>-<version of the source>.partial`, beside the target, and with the writer's name while it is written. */
function partialOf({ source, target }: CopyJob): Partial {
  const name = pathsOf(target.executor).basename(target.path)
  const short = [...name].slice(0, MAX_NAME_CHARS).join('')
  const directory = target.path.slice(0, target.path.length - name.length)
  const { kind, size, modifiedMs } = source.metadata
  const ends = [source.environment, source.path, target.environment, target.path]
  const prefix = `${directory}${short}.env-mcp-${digest(ends)}`
  // Of a directory that changed a part may still be right: what is in it tells.
  const version = kind === 'directory' ? 'tree' : digest([size, modifiedMs])
  const kept = `${prefix}-${version}.partial`
  return { path: `${prefix}-${version}-${WRITER}.partial`, kept, prefix, isSpoiled: false }
}

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 8)
}

/** Keeps or removes what a copy that failed has written, under a deadline of its own. Gives the end of its message. */
async function settle({ target, resume }: CopyJob, { path, kept, isSpoiled }: Partial): Promise<string> {
  using scope = callScope({ timeoutMs: CLEAN_UP_TIMEOUT_MS })
  const options = { signal: scope.signal }
  const { executor } = target
  const keeps = resume && !isSpoiled
  try {
    if (!hasShell(executor)) await executor.remove(path, { recursive: true, force: true }, options)
    // A stock executor serves one request at a time: to remove a large directory is work for a process.
    else {
      const request = { script: SETTLE, args: [path, keeps ? 'keep' : '', kept], action: 'Cannot clean up' }
      if ((await runScript(executor, request, options)).trim() !== 'kept') return ''
      return `; what has arrived is kept in ${JSON.stringify(kept)}, from which the same call goes on`
    }
    return ''
  } catch {
    return `; ${JSON.stringify(path)} is left behind there${keeps ? ', from which the same call goes on' : ''}`
  }
}

/** Shell text that defines `drop PATH`: directories without write permission cannot be emptied. */
export const DROP = `drop() { if [ -d "$1" ] && [ ! -L "$1" ]; then chmod -R u+rwx "$1"; fi; rm -rf "$1"; }
`

/** What is empty is no help for the next try. */
const SETTLE = `${DROP}[ -e "$1" ] || [ -L "$1" ] || exit 0
if [ -n "$2" ] && ! rmdir "$1" 2>/dev/null && { [ -d "$1" ] || [ -s "$1" ]; }; then
  drop "$3" && mv "$1" "$3" && echo kept
  exit
fi
drop "$1"
`

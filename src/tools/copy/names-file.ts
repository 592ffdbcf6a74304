import { randomBytes } from 'node:crypto'
import type { Executor } from '../../protocol/executor.ts'
import { bytesFromPath } from '../../protocol/paths.ts'
import { type CallOptions, callScope } from '../../util/signals.ts'
import { FedProcess } from './fed-process.ts'
import type { Entry } from './listing.ts'
import { runScript } from './run-script.ts'

const CLEAN_UP_TIMEOUT_MS = 10_000
const ACTION = 'cannot write a list of names'

/**
 * Runs `work` with a directory on the machine, closed to others, that holds the names of entries in four files: `d` directories,
 * `f` files, `l` links, `o` files whose names programs print each in its own way. Each name is `./path` (`.` for the directory itself) and a NUL.
 */
export async function withNames<T>(
  executor: Executor,
  entries: readonly Entry[],
  options: CallOptions,
  work: (directory: string) => Promise<T>,
): Promise<T> {
  const directory = `${executor.info.tempDir.replace(/\/$/, '')}/env-mcp-${randomBytes(8).toString('hex')}`
  try {
    await runScript(executor, { script: MAKE, args: [directory], action: ACTION }, options)
    for (const file of ['d', 'f', 'l', 'o']) {
      const group = entries.filter((entry) => fileOf(entry) === file)
      if (group.length > 0) await write(executor, `${directory}/${file}`, group, options)
    }
    return await work(directory)
  } finally {
    await remove(executor, directory)
  }
}

const MAKE = 'umask 077 && mkdir "$1" && cd "$1" && for f in d f l o; do : > "$f" || exit; done'

function fileOf({ kind, path }: Entry): string {
  if (kind === 'directory') return 'd'
  if (kind === 'link') return 'l'
  return /[\\\n]/.test(path) ? 'o' : 'f'
}

async function write(
  executor: Executor,
  path: string,
  entries: readonly Entry[],
  options: CallOptions,
): Promise<void> {
  const request = { consumer: 'exec cat > "$1"', args: [path], action: ACTION }
  await using sink = await FedProcess.start(executor, request, options)
  for (let at = 0; at < entries.length; at += BATCH)
    await sink.write(nameBytes(entries.slice(at, at + BATCH)), options)
  await sink.end(options)
}

/** Names sent at a time. */
const BATCH = 4000

function nameBytes(entries: readonly Entry[]): Buffer {
  return Buffer.concat(entries.flatMap(({ path }) => [bytesFromPath(path === '' ? '.' : `./${path}`), NUL]))
}

const NUL = Buffer.alloc(1)

async function remove(executor: Executor, directory: string): Promise<void> {
  using scope = callScope({ timeoutMs: CLEAN_UP_TIMEOUT_MS })
  const request = { script: 'rm -rf "$1"', args: [directory], action: ACTION }
  // What failed before is the reason that counts.
  await runScript(executor, request, { signal: scope.signal }).catch(() => {})
}

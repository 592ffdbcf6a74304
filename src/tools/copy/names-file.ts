import { randomBytes } from 'node:crypto'
import type { Executor } from '../../protocol/executor.ts'
import { bytesFromPath } from '../../protocol/paths.ts'
import { type CallOptions, callScope } from '../../util/signals.ts'
import type { Entry } from './entries.ts'
import { FedProcess } from './fed-process.ts'
import { runScript } from './run-script.ts'

const CLEAN_UP_TIMEOUT_MS = 10_000
/** Names sent at a time. */
const BATCH = 4000
const NUL = Buffer.alloc(1)

/**
 * Runs `work` with a file on the machine, closed to others, that holds the paths of entries in their order: each `./path` (`.` for
 * the directory itself) and a NUL. No command line holds as many, and no text all that a path may be.
 */
export async function withNames<T>(
  executor: Executor,
  entries: Iterable<Entry>,
  options: CallOptions,
  work: (file: string) => Promise<T>,
): Promise<T> {
  const directory = executor.info.tempDir.replace(/\/$/, '')
  const file = `${directory}/env-mcp-${randomBytes(8).toString('hex')}.names`
  try {
    await write(executor, file, entries, options)
    return await work(file)
  } finally {
    await remove(executor, file)
  }
}

async function write(
  executor: Executor,
  file: string,
  entries: Iterable<Entry>,
  options: CallOptions,
): Promise<void> {
  const request = { consumer: WRITE, args: [file], action: 'cannot write a list of names' }
  await using sink = await FedProcess.start(executor, request, options)
  let names: Buffer[] = []
  for (const entry of entries) {
    names.push(nameOf(entry), NUL)
    if (names.length < 2 * BATCH) continue
    await sink.write(Buffer.concat(names), options)
    names = []
  }
  await sink.write(Buffer.concat(names), options)
  await sink.end(options)
}

/** Not through what somebody else has laid there. */
const WRITE = 'umask 077; set -C; exec cat > "$1"'

function nameOf({ path }: Entry): Buffer {
  return bytesFromPath(path === '' ? '.' : `./${path}`)
}

async function remove(executor: Executor, file: string): Promise<void> {
  using scope = callScope({ timeoutMs: CLEAN_UP_TIMEOUT_MS })
  const request = { script: 'rm -f "$1"', args: [file], action: 'cannot clean up' }
  // What failed before is the reason that counts.
  await runScript(executor, request, { signal: scope.signal }).catch(() => {})
}

import type { Executor, OpenFile } from '../protocol/executor.ts'
import { bytesFromPath, isWellFormed } from '../protocol/paths.ts'
import { BridgeError } from '../util/errors.ts'
import type { CallOptions } from '../util/signals.ts'
import { codeFromWords } from './errors.ts'
import type { Processes } from './processes.ts'
import { type Finished, runToEnd } from './run.ts'
import { lookBy, type Outcome, SETTLE, settle } from './settle.ts'

/** How long a helper program may take when the caller sets no limit: a rename across file systems copies. */
const HELPER_TIMEOUT_MS = 120_000

/** A file for reading where there is no `fs/readBlock` (before 0.142): each window is a process, `tail -c | head -c`. */
export function openByProcess(processes: Processes, path: string): OpenFile {
  const argv = ['/bin/sh', '-c', 'exec <"$3" || exit; tail -c "+$1" | head -c "$2"', 'sh']
  return {
    async read(offset, length, options = {}) {
      const window = [String(offset + 1), String(length), path]
      const done = await look(processes, [...argv, ...window], length, options)
      if (done.exitCode !== 0) throw failure(`Cannot read ${JSON.stringify(path)}`, done)
      return { bytes: done.stdout, eof: done.stdout.byteLength < length }
    },
    async write() {
      throw new BridgeError('conflict', `Cannot write ${JSON.stringify(path)}: it was opened for reading`)
    },
    async close() {},
  }
}

/** Renames where there is no `fs/rename` (every stock executor): `mv`, told not to move into a directory. */
export async function renameByProcess(
  processes: Processes,
  files: Pick<Executor, 'metadata'>,
  { from, to }: { from: string; to: string },
  options: CallOptions,
): Promise<void> {
  const action = `Cannot rename ${JSON.stringify(from)} to ${JSON.stringify(to)}`
  const ask = () =>
    SETTLE.rename(
      lookBy((path) => files.metadata(path, options)),
      from,
      to,
    )
  const move = (argv: string[]) =>
    run(processes, { argv: withPaths(argv, from, to), maxBytes: 0, ask }, options)
  const done = await move(['mv', '-f', '-T', '--'])
  if (!done || done.exitCode === 0) return
  // BSD and macOS have no -T: there a directory in the way must be seen before.
  if (!/(illegal|invalid|unrecognized|unknown) option/i.test(done.stderr)) throw failure(action, done)
  if (await isDirectory(files, to, options))
    throw new BridgeError('conflict', `${action}: a directory of that name is there`)
  const again = await move(['mv', '-f', '--'])
  if (again && again.exitCode !== 0) throw failure(action, again)
}

/** Resolves a path where there is no `fs/canonicalize` (before 0.137). */
export async function canonicalizeByProcess(
  processes: Processes,
  path: string,
  options: CallOptions,
): Promise<string> {
  const done = await look(processes, ['readlink', '-f', '--', path], 64 * 1024, options)
  if (done.exitCode !== 0) throw failure(`Cannot resolve ${JSON.stringify(path)}`, done)
  return done.stdout.toString('utf8').replace(/\n$/, '')
}

/** Runs what only looks. */
async function look(
  processes: Processes,
  argv: string[],
  maxBytes: number,
  options: CallOptions,
): Promise<Finished> {
  const done = await run(processes, { argv, maxBytes, ask: async () => 'again' }, options)
  if (!done) throw new Error('Internal: what only looks has nothing to settle')
  return done
}

interface HelperRequest {
  readonly argv: string[]
  readonly maxBytes: number
  /** A stock executor may not know itself whether it ran: says what to do then. */
  readonly ask: () => Promise<Outcome>
}

/** Gives nothing when it has done its work, and that is all that is known of it. */
async function run(
  processes: Processes,
  { argv, maxBytes, ask }: HelperRequest,
  options: CallOptions,
): Promise<Finished | undefined> {
  const within = { timeoutMs: HELPER_TIMEOUT_MS, ...options }
  let done: Finished | undefined
  const work = async () => {
    done = await runToEnd(processes, { argv, maxBytes }, within)
  }
  await settle(work, ask, within)
  return done
}

async function isDirectory(
  files: Pick<Executor, 'metadata'>,
  path: string,
  options: CallOptions,
): Promise<boolean> {
  try {
    return (await files.metadata(path, options)).kind === 'directory'
  } catch (error) {
    if (error instanceof BridgeError && error.code === 'not_found') return false
    throw error
  }
}

/** A program with two paths. Arguments travel as text: names that are not UTF-8 are written out by a shell on the machine. */
function withPaths(argv: string[], from: string, to: string): string[] {
  if (isWellFormed(from) && isWellFormed(to)) return [...argv, from, to]
  const script = `a=$(printf '%b.' "$1"); b=$(printf '%b.' "$2"); shift 2; exec "$@" "\${a%.}" "\${b%.}"`
  return ['/bin/sh', '-c', script, 'sh', octal(from), octal(to), ...argv]
}

/** A path as `printf %b` reads it. */
function octal(path: string): string {
  return Array.from(bytesFromPath(path), (byte) => `\\0${byte.toString(8).padStart(3, '0')}`).join('')
}

function failure(action: string, { exitCode, stderr }: Finished): BridgeError {
  const words = stderr.split('\n').at(-1) || `its program ended with code ${exitCode}`
  return new BridgeError(codeFromWords(stderr) ?? 'conflict', `${action}: ${words}`)
}

import type { Executor } from '../../protocol/executor.ts'
import { pathFromBytes } from '../../protocol/paths.ts'
import { BridgeError } from '../../util/errors.ts'
import type { CallOptions } from '../../util/signals.ts'
import { pacedOutput } from './paced-process.ts'

/** What one listing may hold: each entry costs some 200 bytes of our memory. */
const MAX_ENTRIES = 1_000_000

/** Something in a directory. */
export interface Entry {
  /** Relative to the directory, without `./`; empty for the directory itself. */
  readonly path: string
  readonly kind: 'file' | 'directory' | 'link' | 'special'
  readonly size: number
  /** s since 1970: what archives keep. */
  readonly modifiedS: number
}

/** All that lies in a directory, parents before what is in them, itself first. Links are not followed. */
export function listTree(executor: Executor, path: string, options: CallOptions): Promise<Entry[]> {
  return collect(batchesOfTree(executor, path, options))
}

/** The same some hundred at a time, for who does not keep them. */
export function batchesOfTree(
  executor: Executor,
  path: string,
  options: CallOptions,
): AsyncGenerator<Entry[]> {
  return read(executor, `find . -exec ${DESCRIBE} {} +`, [path], options)
}

/** What lies at the paths in the list `names` (a file there, each ended by a NUL), those that are there. Links in their parents are followed. */
export function listNames(
  executor: Executor,
  { path, names }: { path: string; names: string },
  options: CallOptions,
): Promise<Entry[]> {
  return collect(read(executor, `xargs -0 -n 500 ${DESCRIBE_THOSE_THERE} < "$2"`, [path, names], options))
}

async function collect(batches: AsyncGenerator<Entry[]>): Promise<Entry[]> {
  const entries: Entry[] = []
  for await (const batch of batches) for (const entry of batch) entries.push(entry)
  return entries
}

async function* read(
  executor: Executor,
  list: string,
  args: readonly string[],
  options: CallOptions,
): AsyncGenerator<Entry[]> {
  const request = { producer: `${PREPARE}${list}`, args, action: `cannot list ${JSON.stringify(args[0])}` }
  let count = 0
  let rest: Buffer = Buffer.alloc(0)
  for await (const piece of pacedOutput(executor, request, options)) {
    rest = Buffer.concat([rest, piece])
    for (let batch = takeBatch(rest); batch; batch = takeBatch(rest)) {
      yield batch.entries
      count += batch.entries.length
      rest = batch.rest
    }
    if (count > MAX_ENTRIES)
      throw new BridgeError(
        'invalid_input',
        `there are more than ${MAX_ENTRIES} entries in it: copy its parts one by one`,
      )
  }
  if (rest.byteLength > 0) throw new BridgeError('internal', `${request.action}: its list ends too early`)
}

/** GNU and busybox know -c, the BSDs -f. */
const PREPARE = `cd "$1" || exit
if stat -c %f . >/dev/null 2>&1; then option=-c form='%f %s %Y'; else option=-f form='%Xp %z %m'; fi
export option form
`

/** Prints of some names: how many they are, a line "MODE SIZE TIME" for each, then the names, each ended by a NUL. */
const PRINT = 'echo $# && stat "$option" "$form" "$@" && printf "%s\\0" "$@"'
const DESCRIBE = `sh -c '${PRINT}' sh`
const DESCRIBE_THOSE_THERE = `sh -c 'for f; do
  shift
  if [ -e "$f" ] || [ -L "$f" ]; then set -- "$@" "$f"; fi
done
[ $# -eq 0 ] || { ${PRINT}; }' sh`

/** The first batch, if all of it is there. */
function takeBatch(bytes: Buffer): { entries: Entry[]; rest: Buffer } | undefined {
  let at = bytes.indexOf('\n') + 1
  if (at === 0) return undefined
  const lines: string[] = []
  for (let left = Number(bytes.toString('latin1', 0, at)); left > 0; left--) {
    const end = bytes.indexOf('\n', at)
    if (end < 0) return undefined
    lines.push(bytes.toString('latin1', at, end))
    at = end + 1
  }
  const entries: Entry[] = []
  for (const line of lines) {
    const end = bytes.indexOf(0, at)
    if (end < 0) return undefined
    // Cut as bytes: a text that was cut holds the whole one.
    const isBelow = bytes[at] === DOT && bytes[at + 1] === SLASH
    entries.push(entryFrom(line, pathFromBytes(bytes.subarray(isBelow ? at + 2 : at, end))))
    at = end + 1
  }
  return { entries, rest: bytes.subarray(at) }
}

function entryFrom(line: string, name: string): Entry {
  const [mode = '', size, modifiedS] = line.split(' ')
  return {
    path: name === '.' ? '' : name,
    kind: KINDS.get(Number.parseInt(mode, 16) & 0xf000) ?? 'special',
    size: Number(size),
    modifiedS: Number(modifiedS),
  }
}

const DOT = '.'.charCodeAt(0)
const SLASH = '/'.charCodeAt(0)

/** The kind in a mode, as POSIX systems have it. */
const KINDS = new Map<number, Entry['kind']>([
  [0x8000, 'file'],
  [0x4000, 'directory'],
  [0xa000, 'link'],
])

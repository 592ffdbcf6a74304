import type { Executor } from '../../protocol/executor.ts'
import { BridgeError } from '../../util/errors.ts'
import type { CallOptions } from '../../util/signals.ts'
import { type Batch, type Entries, Listing } from './entries.ts'
import { pacedOutput } from './paced-process.ts'

/** What one listing may hold. */
const MAX_ENTRIES = 1_000_000

/** All that lies in a directory, parents before what is in them, itself first. Links are not followed. */
export function listTree(executor: Executor, path: string, options: CallOptions): Promise<Entries> {
  return collect(batchesOfTree(executor, path, options))
}

/** The same some hundred at a time, for who does not keep them. */
export function batchesOfTree(executor: Executor, path: string, options: CallOptions): AsyncGenerator<Batch> {
  return read(executor, `find . -exec ${DESCRIBE} {} +`, [path], options)
}

/** What lies at the paths in the list `names` (a file there, each ended by a NUL), those that are there, in its order. Links in their parents are followed. */
export function listNames(
  executor: Executor,
  { path, names }: { path: string; names: string },
  options: CallOptions,
): Promise<Entries> {
  return collect(read(executor, `xargs -0 -n 500 ${DESCRIBE_THOSE_THERE} < "$2"`, [path, names], options))
}

async function collect(batches: AsyncGenerator<Batch>): Promise<Entries> {
  const listing = new Listing()
  for await (const batch of batches) listing.add(batch)
  return listing
}

async function* read(
  executor: Executor,
  list: string,
  args: readonly string[],
  options: CallOptions,
): AsyncGenerator<Batch> {
  const request = { producer: `${PREPARE}${list}`, args, action: `cannot list ${JSON.stringify(args[0])}` }
  let count = 0
  let rest: Buffer = Buffer.alloc(0)
  for await (const piece of pacedOutput(executor, request, options)) {
    rest = Buffer.concat([rest, piece])
    for (let batch = takeBatch(rest); batch; batch = takeBatch(rest)) {
      yield batch
      count += batch.length
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
function takeBatch(bytes: Buffer): (Batch & { readonly rest: Buffer }) | undefined {
  const from = bytes.indexOf('\n') + 1
  if (from === 0) return undefined
  const length = Number(bytes.toString('latin1', 0, from))
  const namesAt = skip(bytes, from, length, '\n')
  const end = namesAt && skip(bytes, namesAt, length, 0)
  if (!namesAt || !end) return undefined
  return { length, bytes: bytes.subarray(from, end), namesAt: namesAt - from, rest: bytes.subarray(end) }
}

/** Where it goes on behind so many ends, if they are there. */
function skip(bytes: Buffer, from: number, ends: number, mark: string | number): number | undefined {
  let at = from
  for (let left = ends; left > 0; left--) {
    const end = bytes.indexOf(mark, at)
    if (end < 0) return undefined
    at = end + 1
  }
  return at
}

import { createHash } from 'node:crypto'
import type { Executor } from '../../protocol/executor.ts'
import type { CallOptions } from '../../util/signals.ts'
import { readingPlan } from './limits.ts'
import { openFile } from './open-file.ts'
import { readBlocks } from './read-blocks.ts'

/** Shell text that sets `$sum` to the command that prints sha256 sums on this machine, or to nothing. */
export const FIND_SUM = `if command -v sha256sum >/dev/null 2>&1; then sum=sha256sum
elif command -v shasum >/dev/null 2>&1; then sum='shasum -a 256'
else sum=
fi
`

/** The same, of its input only: openssl says it in other words, and takes a quarter of the time that sha256sum of many systems does. */
export const FIND_INPUT_SUM = `if command -v openssl >/dev/null 2>&1; then sum='openssl dgst -sha256'
else
${FIND_SUM}fi
`

/** The sha256 (hex) of a file, by reading it here: where nothing on its machine can compute it. */
export async function sha256Here(executor: Executor, path: string, options: CallOptions): Promise<string> {
  const hash = createHash('sha256')
  const file = await openFile(executor, path, 'read', options)
  try {
    for await (const block of readBlocks(file, { from: 0, size: undefined }, readingPlan(executor), options))
      hash.update(block)
  } finally {
    await file.close()
  }
  return hash.digest('hex')
}

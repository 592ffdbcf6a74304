import { BridgeError } from '../../util/errors.ts'
import type { Entries } from './entries.ts'

/** Throws `conflict` when two entries would be one on a disk that does not tell upper and lower case apart. */
export function refuseCaseClash(entries: Entries): void {
  const seen = new Map<string, string>()
  for (const { path } of entries) {
    const folded = path.toLowerCase()
    const other = seen.get(folded)
    if (other !== undefined)
      throw new BridgeError(
        'conflict',
        `${JSON.stringify(other)} and ${JSON.stringify(path)} would be one there, for its disk does not tell upper and lower case apart: rename one, or exclude it`,
      )
    seen.set(folded, path)
  }
}

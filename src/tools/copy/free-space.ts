import { BridgeError } from '../../util/errors.ts'
import { count } from '../count.ts'

/** Shell text that prints how much room there is for `$1`, as `df` does; nothing where there is no `df`. */
export const DF = 'df -Pk "$1" 2>/dev/null'

/** Throws `conflict` when `df` said of the destination that it has less room than the copy needs. */
export function refuseNoSpace(printed: string, neededBytes: number): void {
  const kibibytes = /\s\d+\s+\d+\s+(\d+)\s+\d+%/.exec(printed)?.[1]
  if (kibibytes === undefined || Number(kibibytes) * 1024 >= neededBytes) return
  throw new BridgeError(
    'conflict',
    `no space: ${count(neededBytes, 'byte')} are to be written, and ${count(Number(kibibytes) * 1024, 'byte')} are free there`,
  )
}

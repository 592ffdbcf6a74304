import type { OpenFile } from '../../protocol/executor.ts'
import type { CallOptions } from '../../util/signals.ts'
import type { BlockPlan } from './limits.ts'

/**
 * The bytes of a file from `from` to its end, in order, block by block, the next ones asked for already. `size` only
 * spares useless reads at the end; the end is where the file says it is.
 */
export async function* readBlocks(
  file: OpenFile,
  { from, size }: { from: number; size: number | undefined },
  { blockBytes, inFlight }: BlockPlan,
  options: CallOptions,
): AsyncGenerator<Uint8Array> {
  const asked: Promise<{ bytes: Uint8Array; eof: boolean }>[] = []
  let offset = from
  const askMore = () => {
    while (asked.length === 0 || (asked.length < inFlight && offset < (size ?? Infinity))) {
      const block = file.read(offset, blockBytes, options)
      // Its failure is met where it is awaited, unless an earlier one ends it all.
      block.catch(() => {})
      asked.push(block)
      offset += blockBytes
    }
  }
  try {
    for (;;) {
      askMore()
      const { bytes, eof } = await asked.shift()!
      if (bytes.byteLength > 0) yield bytes
      if (eof) return
    }
  } finally {
    await Promise.allSettled(asked)
  }
}

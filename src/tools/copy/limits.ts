import type { Executor } from '../../protocol/executor.ts'

/** How a file is read or written: in blocks of so many bytes, so many of them under way at a time. */
export interface BlockPlan {
  readonly blockBytes: number
  readonly inFlight: number
}

/**
 * Small blocks, and 1 MiB of them under way to each machine: what a way of 10 ms needs for 100 MB/s; with 2 MiB the program
 * took more than 120 MB. A block travels as base64; of 64 KiB
 * that is a text of 87 KB. Texts of more than 128 KB are large objects to V8, which it frees late: with blocks of 1 MiB a
 * copy took twice the memory, and was no faster.
 */
export const SMALL_BLOCKS: BlockPlan = { blockBytes: 256 * 1024, inFlight: 4 }

/** For an executor that starts a process for each block. */
const LARGE_BLOCKS: BlockPlan = { blockBytes: 1024 * 1024, inFlight: 4 }

/** How files of that machine are read. */
export function readingPlan({ features }: Executor): BlockPlan {
  return features.readBlocks ? SMALL_BLOCKS : LARGE_BLOCKS
}

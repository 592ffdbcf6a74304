import type { OutputChunk, OutputStream } from '../protocol/executor.ts'

/** Bounds of what is kept of one process, each with the reason for its number. */
export const LOG_LIMITS = {
  /** Output of one process, in bytes: a long build writes less. */
  maxBytes: 8 * 1024 * 1024,
  /** The beginning is kept whatever comes: the first error of a long build stands there. */
  headBytes: 64 * 1024,
  /** A process that writes byte by byte must not cost a hundred times its output. */
  maxChunks: 128 * 1024,
  /** What a chunk costs beyond its bytes, about, in bytes. */
  chunkCost: 64,
  /** Chunks are copied into blocks of up to this size, so that none pins the larger buffer it came in. */
  blockBytes: 64 * 1024,
} as const

/** Output that is no longer kept, at the place where it was. */
export interface Gap {
  readonly seq: number
  readonly lostBytes: number
  /** Lines in it, as far as they were seen. */
  readonly lostLines: number
}

/** One thing in a log, at its place. */
export type LogItem = OutputChunk | Gap

/** True for a gap. */
export function isGap(item: LogItem): item is Gap {
  return 'lostBytes' in item
}

interface Stored {
  readonly seq: number
  readonly stream: OutputStream
  readonly block: Uint8Array
  readonly start: number
  readonly end: number
}

/**
 * The output of one process as it is kept here: from the first chunk on, in order, up to `LOG_LIMITS`. Beyond them the
 * oldest goes, the beginning excepted, and a gap stands for it.
 */
export class RetainedLog {
  #head: (Stored | Gap)[] = []
  #headBytes = 0
  #dropped: Gap | undefined
  #tail: (Stored | Gap)[] = []
  #tailBytes = 0
  #block: Uint8Array = new Uint8Array(0)
  #blockUsed = 0
  /** Blocks whose output was dropped: used again, for else a fast process makes garbage as large as all it writes. */
  readonly #freeBlocks: Uint8Array[] = []
  #lastSeq = 0

  /** The `seq` of the last chunk: the cursor of one who has read all. */
  get lastSeq(): number {
    return this.#lastSeq
  }

  /** About what the log costs in memory, in bytes. */
  get cost(): number {
    const chunks = this.#head.length + this.#tail.length
    return this.#headBytes + this.#tailBytes + chunks * LOG_LIMITS.chunkCost
  }

  /** Takes one chunk and copies its bytes. One that is not newer than all before is ignored. */
  append({ seq, stream, bytes }: OutputChunk): void {
    if (seq <= this.#lastSeq) return
    this.#lastSeq = seq
    const stored = { seq, stream, ...this.#store(bytes) }
    if (this.#tail.length === 0 && !this.#dropped && this.#headBytes < LOG_LIMITS.headBytes) {
      this.#head.push(stored)
      this.#headBytes += bytes.byteLength
      return
    }
    this.#tail.push(stored)
    this.#tailBytes += bytes.byteLength
    const isOver = () => this.#headBytes + this.#tailBytes > LOG_LIMITS.maxBytes
    if (isOver() || this.#tail.length > LOG_LIMITS.maxChunks) this.#dropWhile(isOver)
  }

  /** Notes output that never came here: what was written up to `seq` and after the last chunk. */
  lose(seq: number, lostBytes: number): void {
    this.#lastSeq = Math.max(this.#lastSeq, seq)
    const gap = { seq: this.#lastSeq, lostBytes, lostLines: 0 }
    if (this.#tail.length === 0 && !this.#dropped) this.#head.push(gap)
    else this.#tail.push(gap)
  }

  /** Drops the oldest, and when all of that is not enough the beginning too, until about `cost` less is held. */
  shrink(cost: number): void {
    const target = this.cost - cost
    this.#dropWhile(() => this.cost > target)
    this.#freeBlocks.length = 0
    if (this.cost <= target || this.#head.length === 0) return
    this.#tail = [...this.#head, ...(this.#dropped ? [this.#dropped] : []), ...this.#tail]
    this.#tailBytes += this.#headBytes
    this.#head = []
    this.#headBytes = 0
    this.#dropped = undefined
    this.#dropWhile(() => this.#tail.length > 0)
  }

  /**
   * What is kept of the output after `seq`, in order, with gaps where something is not. The bytes are the log's own: to be
   * read at once, before anything is appended.
   */
  after(seq: number): LogItem[] {
    const dropped = this.#dropped && this.#dropped.seq > seq ? [this.#dropped] : []
    const newer = (items: readonly (Stored | Gap)[]) => items.slice(placeAfter(items, seq))
    return [...newer(this.#head), ...dropped, ...newer(this.#tail)].map((item) =>
      isStored(item) ? chunkOf(item) : item,
    )
  }

  /** The last bytes, up to `most`, that this stream has written up to `seq`; not across a gap. */
  before(seq: number, stream: OutputStream, most: number): Uint8Array {
    const parts: Uint8Array[] = []
    let size = 0
    for (const item of this.#backwards(seq)) {
      if (!isStored(item) || size >= most) break
      if (item.stream !== stream) continue
      const { bytes } = chunkOf(item)
      parts.unshift(bytes.subarray(Math.max(0, bytes.length - (most - size))))
      size += parts[0]!.length
    }
    return Buffer.concat(parts)
  }

  *#backwards(seq: number): Generator<Stored | Gap> {
    for (let at = placeAfter(this.#tail, seq) - 1; at >= 0; at--) yield this.#tail[at]!
    if (this.#dropped && this.#dropped.seq <= seq) yield this.#dropped
    for (let at = placeAfter(this.#head, seq) - 1; at >= 0; at--) yield this.#head[at]!
  }

  #store(bytes: Uint8Array): { block: Uint8Array; start: number; end: number } {
    if (this.#block.length - this.#blockUsed < bytes.length) {
      const grown = Math.min(LOG_LIMITS.blockBytes, Math.max(1024, this.#headBytes + this.#tailBytes))
      const size = Math.max(grown, bytes.length)
      const free = size === LOG_LIMITS.blockBytes ? this.#freeBlocks.pop() : undefined
      this.#block = free ?? new Uint8Array(size)
      this.#blockUsed = 0
    }
    const start = this.#blockUsed
    this.#block.set(bytes, start)
    this.#blockUsed += bytes.length
    return { block: this.#block, start, end: this.#blockUsed }
  }

  /** Drops from the old end of the tail, a little more than asked so that it is not done again at the next chunk. */
  #dropWhile(isNeeded: () => boolean): void {
    let { lostBytes, lostLines, seq } = this.#dropped ?? { lostBytes: 0, lostLines: 0, seq: 0 }
    const spare = Math.ceil(this.#tail.length / 64)
    let count = 0
    while (count < this.#tail.length && (isNeeded() || count < spare)) {
      const item = this.#tail[count++]!
      seq = item.seq
      if (isStored(item)) this.#tailBytes -= item.end - item.start
      lostBytes += isStored(item) ? item.end - item.start : item.lostBytes
      lostLines += isStored(item) ? countLines(chunkOf(item).bytes) : item.lostLines
    }
    if (count === 0) return
    const dropped = this.#tail.slice(0, count)
    this.#tail = this.#tail.slice(count)
    this.#reuseBlocks(dropped)
    this.#dropped = { seq, lostBytes, lostLines }
  }

  /** Blocks are filled in order, so only the ends of what is kept can share one with what was dropped. */
  #reuseBlocks(dropped: readonly (Stored | Gap)[]): void {
    const blocks = new Set(dropped.filter(isStored).map(({ block }) => block))
    for (const kept of [this.#head.findLast(isStored), this.#tail.find(isStored)])
      if (kept) blocks.delete(kept.block)
    blocks.delete(this.#block)
    for (const block of blocks) if (block.length === LOG_LIMITS.blockBytes) this.#freeBlocks.push(block)
  }
}

/** Line ends in the bytes. */
export function countLines(bytes: Uint8Array): number {
  let lines = 0
  for (let at = 0; at < bytes.length; at++) if (bytes[at] === 10) lines++
  return lines
}

function isStored(item: Stored | Gap): item is Stored {
  return 'block' in item
}

function chunkOf({ seq, stream, block, start, end }: Stored): OutputChunk {
  return { seq, stream, bytes: block.subarray(start, end) }
}

/** Where the items after `seq` begin: they are in order. */
function placeAfter(items: readonly (Stored | Gap)[], seq: number): number {
  let [low, high] = [0, items.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (items[middle]!.seq > seq) high = middle
    else low = middle + 1
  }
  return low
}

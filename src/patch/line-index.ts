import { type Level, seenEnd, seenStart } from './levels.ts'
import type { Lines } from './lines.ts'

/**
 * Where each line of a file stands, as one level sees it. It is made in one pass over the file, and a search then costs about what
 * it finds: a thousand hunks that fit nowhere are a thousand look-ups, not a thousand passes.
 */
export class LineIndex {
  readonly #lines: Lines
  readonly #level: Level
  readonly #hashes: Int32Array
  /** The lines by bucket, ascending within each: bucket b is from `#offsets[b]` to `#offsets[b + 1]`. */
  readonly #order: Uint32Array
  readonly #offsets: Uint32Array

  /** For a level that folds, lines and blocks must be folded already. */
  constructor(lines: Lines, level: Level) {
    this.#lines = lines
    this.#level = level
    this.#hashes = hashLines(lines, level)
    const { order, offsets } = sortIntoBuckets(this.#hashes)
    this.#order = order
    this.#offsets = offsets
  }

  /** The first line between two (both included) where all of a block stands, which is not empty. */
  find(block: Lines, from: number, to: number): number | undefined {
    const hashes = hashLines(block, this.#level)
    const rarest = this.#rarest(hashes)
    const bucket = this.#bucket(hashes[rarest]!)
    const end = this.#offsets[bucket + 1]!
    for (let at = this.#firstAtLeast(from + rarest, this.#offsets[bucket]!, end); at < end; at++) {
      const place = this.#order[at]! - rarest
      if (place > to) return undefined
      if (!this.#hashesAgree(hashes, place)) continue
      if (standsAt(place, { block, lines: this.#lines, level: this.#level })) return place
    }
    return undefined
  }

  /** For each line of a block the lines that may equal it: all that do, and hardly any that do not. Ascending. */
  likely(block: Lines): Uint32Array[] {
    return Array.from(hashLines(block, this.#level), (hashed) => {
      const bucket = this.#bucket(hashed)
      return this.#order.subarray(this.#offsets[bucket], this.#offsets[bucket + 1])
    })
  }

  /** The line of the block that stands in the fewest places. */
  #rarest(hashes: Int32Array): number {
    let rarest = 0
    let fewest = Number.POSITIVE_INFINITY
    for (let at = 0; at < hashes.length; at++) {
      const bucket = this.#bucket(hashes[at]!)
      const count = this.#offsets[bucket + 1]! - this.#offsets[bucket]!
      if (count < fewest) [rarest, fewest] = [at, count]
    }
    return rarest
  }

  #bucket(hashed: number): number {
    return bucketOf(hashed, this.#offsets.length - 1)
  }

  /** Where in a bucket the lines from this one on begin. */
  #firstAtLeast(line: number, start: number, end: number): number {
    let [low, high] = [start, end]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#order[middle]! < line) low = middle + 1
      else high = middle
    }
    return low
  }

  #hashesAgree(hashes: Int32Array, place: number): boolean {
    for (let at = 0; at < hashes.length; at++) if (this.#hashes[place + at] !== hashes[at]) return false
    return true
  }
}

/** What is compared with what, and how. For a level that folds, both are folded already. */
export interface Comparison {
  readonly block: Lines
  readonly lines: Lines
  readonly level: Level
}

/** Whether a block stands at a place of a file, as a level sees it. */
export function standsAt(place: number, comparison: Comparison): boolean {
  for (let line = 0; line < comparison.block.lineCount; line++)
    if (!lineStandsAt(place + line, line, comparison)) return false
  return true
}

/** Whether one line of a block stands at a line of a file. */
export function lineStandsAt(at: number, line: number, { block, lines, level }: Comparison): boolean {
  const end = seenEnd(level, block, line)
  const start = seenStart(level, block, line, end)
  const thereEnd = seenEnd(level, lines, at)
  const there = seenStart(level, lines, at, thereEnd)
  if (end - start !== thereEnd - there) return false
  for (let byte = 0; byte < end - start; byte++)
    if (block.bytes[start + byte] !== lines.bytes[there + byte]) return false
  return true
}

function hashLines(lines: Lines, level: Level): Int32Array {
  const hashes = new Int32Array(lines.lineCount)
  for (let line = 0; line < hashes.length; line++) {
    const end = seenEnd(level, lines, line)
    hashes[line] = hash(lines.bytes, seenStart(level, lines, line, end), end)
  }
  return hashes
}

/** FNV-1a. Equal hashes are compared byte by byte, so a collision costs time only. */
function hash(bytes: Uint8Array, start: number, end: number): number {
  let hashed = 0x811c9dc5
  for (let at = start; at < end; at++) hashed = Math.imul(hashed ^ bytes[at]!, 0x01000193)
  return hashed | 0
}

function bucketOf(hashed: number, buckets: number): number {
  return (hashed ^ (hashed >>> 15)) & (buckets - 1)
}

/** Counting sort: no list per bucket, and each bucket in the order of the file. */
function sortIntoBuckets(hashes: Int32Array): { order: Uint32Array; offsets: Uint32Array } {
  const buckets = 2 ** Math.ceil(Math.log2(hashes.length + 1))
  const offsets = new Uint32Array(buckets + 1)
  for (let line = 0; line < hashes.length; line++) offsets[bucketOf(hashes[line]!, buckets)]!++
  for (let bucket = 1; bucket <= buckets; bucket++) offsets[bucket]! += offsets[bucket - 1]!
  // Each offset is now where its bucket ends; filling from the back makes it where the bucket begins.
  const order = new Uint32Array(hashes.length)
  for (let line = hashes.length - 1; line >= 0; line--)
    order[--offsets[bucketOf(hashes[line]!, buckets)]!] = line
  return { order, offsets }
}

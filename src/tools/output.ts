import type { Piece, Segment } from './decode.ts'
import { countLines } from './retained-log.ts'
import { borderAfter, borderBefore } from './utf8.ts'

/** An output as a reader gets it: whole in `head`, or its first and its last half. */
export interface CutOutput {
  readonly head: string
  readonly tail: string
  readonly omitted: Omitted | undefined
}

/** What was left out in the middle. */
export interface Omitted {
  readonly bytes: number
  readonly lines: number
  /** Of the bytes, those that are no longer kept. */
  readonly lostBytes: number
  /** A read after this begins with the chunk in which the first half ends. */
  readonly afterSeq: number
  /** The size of that chunk: a read whose first half is smaller would not get beyond it. */
  readonly chunkBytes: number
}

/** A border of lines is preferred to one of characters when it is so near, in bytes. */
const NEAR_BYTES = 512

/**
 * Cuts what came after `afterSeq` to `limit` bytes of text: the first and the last half, on a border of lines where one
 * is near, else of characters. Decodes no more than it shows.
 */
export function cutOutput(pieces: readonly Piece[], limit: number, afterSeq: number): CutOutput {
  const front = decodeFront(pieces, limit)
  if (sizeOf(front) <= limit) return { head: textOf(front), tail: '', omitted: undefined }
  const half = Math.floor(limit / 2)
  const head = takeFront(front, half)
  const tail = takeBack(decodeBack(pieces, half), half)
  const place = placeAfter(head, front, pieces)
  const previous = pieces[pieces.findIndex(({ seq }) => seq === place.seq) - 1]
  return {
    head: textOf(head),
    tail: textOf(tail),
    omitted: {
      ...countOmitted(pieces, head, tail),
      afterSeq: previous?.seq ?? afterSeq,
      chunkBytes: place.rawBytes,
    },
  }
}

/** Segments as one text. */
export function textOf(segments: readonly Segment[]): string {
  return bytesOf(segments).toString('utf8')
}

/** A segment, and the piece it is from. */
interface Placed extends Segment {
  readonly seq: number
}

/** Decodes from the front until there is more than `limit`, or all. */
function decodeFront(pieces: readonly Piece[], limit: number): Placed[] {
  const segments: Placed[] = []
  let size = 0
  for (const piece of pieces) {
    if (size > limit) break
    for (const segment of decode(piece)) {
      segments.push(segment)
      size += segment.text.length
    }
  }
  return segments
}

/** Decodes from the back until there is `limit`. */
function decodeBack(pieces: readonly Piece[], limit: number): Placed[] {
  const parts: Placed[][] = []
  let size = 0
  for (let at = pieces.length - 1; at >= 0 && size < limit; at--) {
    const decoded = decode(pieces[at]!)
    parts.unshift(decoded)
    size += sizeOf(decoded)
  }
  return parts.flat()
}

function decode(piece: Piece): Placed[] {
  return piece.decode().map((segment) => ({ ...segment, seq: piece.seq }))
}

/** The first segments, up to `most` bytes of text, on a border of lines where one is near. */
export function takeFront<T extends Segment>(segments: readonly T[], most: number): T[] {
  const taken = fillFront(segments, most)
  const text = bytesOf(taken)
  const line = text.lastIndexOf('\n') + 1
  return line > 0 && text.length - line <= near(most) ? fillFront(segments, line) : taken
}

function takeBack(segments: readonly Placed[], most: number): Placed[] {
  const taken = fillBack(segments, most)
  const text = bytesOf(taken)
  const line = text.indexOf('\n') + 1
  return line > 0 && line <= near(most) ? fillBack(segments, text.length - line) : taken
}

function near(most: number): number {
  return Math.min(NEAR_BYTES, most / 4)
}

/** The first segments, up to `most` bytes of text, on a border of characters. */
export function fillFront<T extends Segment>(segments: readonly T[], most: number): T[] {
  const taken: T[] = []
  let room = most
  for (const segment of segments) {
    const part = segment.text.length <= room ? segment : slice(segment, 0, borderBefore(segment.text, room))
    if (part) taken.push(part)
    if (part !== segment) break
    room -= part.text.length
  }
  return taken
}

function fillBack(segments: readonly Placed[], most: number): Placed[] {
  const taken: Placed[] = []
  let room = most
  for (const segment of [...segments].reverse()) {
    const { length } = segment.text
    const part = length <= room ? segment : slice(segment, borderAfter(segment.text, length - room), length)
    if (part) taken.unshift(part)
    if (part !== segment) break
    room -= part.text.length
  }
  return taken
}

/** A part of a segment; none of one that stands for something else than its own bytes. */
function slice<T extends Segment>(segment: T, start: number, end: number): T | undefined {
  if (segment.text.length !== segment.rawBytes || start >= end) return undefined
  return { ...segment, text: segment.text.subarray(start, end), rawBytes: end - start }
}

/** The piece of the first segment that the head does not show whole. */
function placeAfter(head: readonly Placed[], front: readonly Placed[], pieces: readonly Piece[]): Piece {
  const isCut = head.length > 0 && head.at(-1) !== front[head.length - 1]
  const { seq } = front[isCut ? head.length - 1 : head.length]!
  return pieces.find((piece) => piece.seq === seq)!
}

function countOmitted(
  pieces: readonly Piece[],
  head: readonly Placed[],
  tail: readonly Placed[],
): Pick<Omitted, 'bytes' | 'lines' | 'lostBytes'> {
  const from = head.at(-1)?.seq ?? Number.NEGATIVE_INFINITY
  const to = tail[0]?.seq ?? Number.POSITIVE_INFINITY
  const shown = [...head, ...tail].filter(({ rawBytes }) => rawBytes > 0)
  let bytes = -sum(shown, ({ rawBytes }) => rawBytes)
  let lines = -sum(shown, ({ text }) => countLines(text))
  let lostBytes = 0
  for (const piece of pieces) {
    bytes += piece.rawBytes
    lines += piece.countLines()
    if (piece.lostBytes === 0 || piece.seq <= from || piece.seq >= to) continue
    bytes += piece.lostBytes
    lines += piece.lostLines
    lostBytes += piece.lostBytes
  }
  return { bytes, lines, lostBytes }
}

function bytesOf(segments: readonly Segment[]): Buffer {
  return Buffer.concat(segments.map(({ text }) => text))
}

function sizeOf(segments: readonly Segment[]): number {
  return sum(segments, ({ text }) => text.length)
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0)
}

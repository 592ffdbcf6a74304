import { isUtf8 } from 'node:buffer'
import type { OutputChunk, OutputStream } from '../protocol/executor.ts'
import { controlLength, incompleteControl } from './control-sequences.ts'
import { count } from './count.ts'
import { countLines, type Gap, isGap, type RetainedLog } from './retained-log.ts'
import { characterLength, incompleteCharacter } from './utf8.ts'

/** A piece of text for a reader, in UTF-8, and how many bytes of output it stands for. */
export interface Segment {
  readonly text: Uint8Array
  readonly rawBytes: number
}

/** One chunk of output, not decoded yet: most of a large output never is. */
export interface Piece {
  readonly seq: number
  readonly rawBytes: number
  /** Bytes that are no longer kept, and the lines in them, that stood here. */
  readonly lostBytes: number
  readonly lostLines: number
  countLines(): number
  decode(): Segment[]
}

export interface DecodeRequest {
  readonly afterSeq: number
  /** Nothing more comes: what is incomplete at the end is shown as it is. */
  readonly isOver: boolean
  /** The reader has had what was incomplete at the cursor: it is not shown again when nothing follows. */
  readonly isDrained: boolean
  /** A terminal's control sequences are left in. */
  readonly raw: boolean
}

const STREAMS: readonly OutputStream[] = ['stdout', 'stderr', 'pty']
/** As far back the beginning of a control sequence is looked for; of a longer one (a title) the rest is shown. */
const SEQUENCE_BYTES = 1024
const CHARACTER_BYTES = 3

/**
 * The output after a cursor, chunk by chunk. What the chunk before left incomplete (a character, a terminal's control
 * sequence) comes first, and what is incomplete at the end is left for the next read, unless the process is over:
 * so a cursor is all that is needed to go on, and nothing is lost or shown twice.
 */
export function piecesAfter(log: RetainedLog, request: DecodeRequest): Piece[] {
  const items = log.after(request.afterSeq)
  const lastSeqs = new Map<OutputStream, number>()
  for (const item of items) if (!isGap(item)) lastSeqs.set(item.stream, item.seq)
  const pieces = items.map((item) => {
    if (isGap(item)) return gapPiece(item)
    const isLast = request.isOver && lastSeqs.get(item.stream) === item.seq
    return chunkPiece(log, item, { isLast, strip: isStripped(item.stream, request) })
  })
  if (!request.isOver || request.isDrained) return pieces
  const silent = STREAMS.filter((stream) => !lastSeqs.has(stream))
  return [...silent.flatMap((stream) => restPiece(log, stream, request)), ...pieces]
}

/** The text of bytes as a reader gets it: what is not UTF-8, and NUL, as `\xNN`; with `strip` no control sequences. */
export function decodeBytes(bytes: Uint8Array, strip: boolean): Segment[] {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (!strip && isUtf8(data) && !data.includes(0)) return [{ text: data, rawBytes: data.length }]
  const segments: Segment[] = []
  let runStart = 0
  let at = 0
  const replace = (text: Uint8Array, rawBytes: number) => {
    if (at > runStart) segments.push({ text: data.subarray(runStart, at), rawBytes: at - runStart })
    if (rawBytes > 0) segments.push({ text, rawBytes })
    at += rawBytes
    runStart = at
  }
  while (at < data.length) {
    const control = strip ? controlLength(data, at) : 0
    const length = data[at] === 0 ? 0 : characterLength(data, at)
    if (control > 0) replace(NOTHING, control)
    else if (length <= 0) replace(escaped(data[at]!), 1)
    else at += length
  }
  replace(NOTHING, 0)
  return segments
}

function chunkPiece(
  log: RetainedLog,
  { seq, stream, bytes }: OutputChunk,
  { isLast, strip }: { isLast: boolean; strip: boolean },
): Piece {
  const decode = () => {
    const begun = incompleteBefore(log, seq - 1, stream, strip)
    const data = begun.length > 0 ? Buffer.concat([begun, bytes]) : bytes
    const rest = isLast ? 0 : incomplete(data, strip).length
    return decodeBytes(data.subarray(0, data.length - rest), strip)
  }
  return {
    seq,
    rawBytes: bytes.length,
    lostBytes: 0,
    lostLines: 0,
    countLines: () => countLines(bytes),
    decode,
  }
}

/** What a stream left incomplete before the cursor, when nothing follows it. */
function restPiece(log: RetainedLog, stream: OutputStream, request: DecodeRequest): Piece[] {
  const strip = isStripped(stream, request)
  const rest = incompleteBefore(log, request.afterSeq, stream, strip)
  if (rest.length === 0) return []
  const decode = () => decodeBytes(rest, strip)
  return [
    {
      seq: request.afterSeq,
      rawBytes: rest.length,
      lostBytes: 0,
      lostLines: 0,
      countLines: () => countLines(rest),
      decode,
    },
  ]
}

function gapPiece({ seq, lostBytes, lostLines }: Gap): Piece {
  const text = Buffer.from(`\n[… ${count(lostBytes, 'byte')} no longer kept …]\n`)
  return {
    seq,
    rawBytes: 0,
    lostBytes,
    lostLines,
    countLines: () => 0,
    decode: () => [{ text, rawBytes: 0 }],
  }
}

function incompleteBefore(log: RetainedLog, seq: number, stream: OutputStream, strip: boolean): Uint8Array {
  return incomplete(log.before(seq, stream, strip ? SEQUENCE_BYTES : CHARACTER_BYTES), strip)
}

function incomplete(bytes: Uint8Array, strip: boolean): Uint8Array {
  const length = Math.max(incompleteCharacter(bytes), strip ? incompleteControl(bytes, SEQUENCE_BYTES) : 0)
  return bytes.subarray(bytes.length - length)
}

function isStripped(stream: OutputStream, { raw }: DecodeRequest): boolean {
  return stream === 'pty' && !raw
}

const NOTHING = new Uint8Array(0)

function escaped(byte: number): Uint8Array {
  return Buffer.from(`\\x${byte.toString(16).padStart(2, '0')}`)
}

import { count } from './count.ts'
import { decodeBytes, type Piece, piecesAfter } from './decode.ts'
import { MAX_OUTPUT_BYTES } from './info/schema.ts'
import { type CutOutput, cutOutput, type Omitted, textOf } from './output.ts'
import type { Pattern } from './pattern.ts'
import { countLines } from './retained-log.ts'
import type { Session } from './session.ts'

export interface ReadingRequest {
  /** Undefined: what came since the last reading without a position; that moves on. */
  readonly afterSeq?: number | undefined
  readonly maxBytes: number
  /** A terminal's control sequences are left in. */
  readonly raw: boolean
  /** Only lines that match, and of these only the last so many. */
  readonly grep?: Pattern | undefined
  readonly tailLines?: number | undefined
}

/** The output of a session as a model reads it, and what there is to say about it. */
export interface Reading {
  readonly output: string
  readonly notes: readonly string[]
}

/** Reads what a session has written, cut to `maxBytes`. Does not wait. */
export function readSession(session: Session, request: ReadingRequest): Reading {
  const pieces = unreadPieces(session, request)
  const reading =
    request.grep || request.tailLines !== undefined
      ? readFiltered(pieces, request)
      : readWhole(session, pieces, request)
  if (request.afterSeq !== undefined) return reading
  session.cursor = session.log.lastSeq
  session.isDrained = session.isOver
  const goneBytes = session.takeGoneBytes()
  if (goneBytes === 0) return reading
  const note = `About ${count(goneBytes, 'byte')} of output were produced while the machine was away and are gone`
  return { ...reading, notes: [...reading.notes, note] }
}

/** What has not been read yet, or when there is nothing the last lines all the same: for what is said at the end. */
export function readLast(session: Session, request: ReadingRequest): Reading {
  if (unreadPieces(session, request).length > 0) return readSession(session, request)
  const { output } = readSession(session, { ...request, afterSeq: 0, tailLines: LAST_LINES })
  return { output, notes: [] }
}

const LAST_LINES = 10

/** What a reading would be made of. */
export function unreadPieces(
  session: Session,
  { afterSeq, raw }: Pick<ReadingRequest, 'afterSeq' | 'raw'>,
): Piece[] {
  const isDrained = afterSeq === undefined && session.isDrained
  return piecesAfter(session.log, {
    afterSeq: afterSeq ?? session.cursor,
    isOver: session.isOver,
    isDrained,
    raw,
  })
}

function readWhole(session: Session, pieces: readonly Piece[], request: ReadingRequest): Reading {
  const cut = cutOutput(pieces, request.maxBytes, request.afterSeq ?? session.cursor)
  const notes =
    request.afterSeq === undefined ? [] : [`The next read goes on with after_seq ${session.log.lastSeq}`]
  return { output: joinCut(cut, (omitted) => howToRead(session, omitted)), notes }
}

function readFiltered(pieces: readonly Piece[], { grep, tailLines, maxBytes }: ReadingRequest): Reading {
  const kept = pieces.filter(({ lostBytes }) => lostBytes === 0)
  const lines = linesOf(textOf(kept.flatMap((piece) => piece.decode())))
  const matching = grep ? grep.filter(lines) : lines
  const last = tailLines === undefined ? matching : matching.slice(Math.max(0, matching.length - tailLines))
  const notes = []
  if (grep) notes.push(`${matching.length.toLocaleString('en-US')} of ${count(lines.length, 'line')} match`)
  if (last.length < matching.length)
    notes.push(`${count(matching.length - last.length, 'earlier line')} left out`)
  const lostBytes = pieces.reduce((sum, piece) => sum + piece.lostBytes, 0)
  if (lostBytes > 0) notes.push(`${count(lostBytes, 'byte')} of output are no longer kept`)
  const text = Buffer.from(last.map((line) => `${line}\n`).join(''))
  return { output: joinCut(cutOutput([textPiece(text)], maxBytes, 0), () => ASK_FOR_LESS), notes }
}

const ASK_FOR_LESS = `a narrower grep, fewer tail_lines or more max_output_bytes (up to ${MAX_OUTPUT_BYTES.most}) show them`

/** Both halves with a line between that says what is missing, and how to get it. */
function joinCut({ head, tail, omitted }: CutOutput, advise: (omitted: Omitted) => string): string {
  if (!omitted) return head
  const { bytes, lines, lostBytes } = omitted
  const lost = lostBytes > 0 ? `, ${count(lostBytes, 'byte')} of them are no longer kept` : ''
  const line = `[… ${count(bytes, 'byte')} (${count(lines, 'line')}) left out${lost}: ${advise(omitted)} …]\n`
  return `${head}${head === '' || head.endsWith('\n') ? '' : '\n'}${line}${tail}`
}

/** The call that reads on; with a larger limit where its first half would not get beyond the first chunk. */
function howToRead(session: Session, { afterSeq, chunkBytes }: Omitted): string {
  const needed = 2 * chunkBytes + 1000
  const limit = needed > MAX_OUTPUT_BYTES.usual ? { max_output_bytes: needed } : {}
  return `read_output ${JSON.stringify({ session_id: session.id, after_seq: afterSeq, ...limit })} reads them`
}

function textPiece(text: Uint8Array): Piece {
  return {
    seq: 0,
    rawBytes: text.length,
    lostBytes: 0,
    lostLines: 0,
    countLines: () => countLines(text),
    decode: () => decodeBytes(text, false),
  }
}

function linesOf(text: string): string[] {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines
}

import type { Piece } from './decode.ts'
import { textOf } from './output.ts'
import type { Pattern } from './pattern.ts'
import { type ReadingRequest, unreadPieces } from './read-session.ts'
import type { Session } from './session.ts'

/** What a reader waits for. */
export type WaitFor =
  | { readonly kind: 'output' }
  | { readonly kind: 'exit' }
  | { readonly kind: 'text'; readonly pattern: Pattern }

/** What a text may begin in that was looked at before, in bytes: the longest that can be found across two looks. */
const OVERLAP_BYTES = 64 * 1024

/**
 * Looks, at each change of a session, whether what is awaited has come. The end of the process ends every wait; once a reader
 * has been told of that, and something it started can still write, only the end of the output does.
 */
export function createWatch(
  session: Session,
  waitFor: WaitFor,
  position: Pick<ReadingRequest, 'afterSeq' | 'raw'>,
): () => 'come' | 'ended' | undefined {
  const start = position.afterSeq ?? session.cursor
  const hasExited = () => (session.isOver ? 'ended' : undefined)
  const isEnded = session.isDrained ? () => (session.isFinished ? 'ended' : undefined) : hasExited
  switch (waitFor.kind) {
    case 'output':
      return () => (session.log.lastSeq > start ? 'come' : isEnded())
    case 'exit':
      return hasExited
    case 'text': {
      const look = createLook(session, waitFor.pattern, { ...position, afterSeq: start })
      return () => (look() ? 'come' : isEnded())
    }
  }
}

/** True once the pattern has matched. Each look takes what is new, and a little of what came before. */
function createLook(
  session: Session,
  pattern: Pattern,
  { afterSeq, raw }: { afterSeq: number; raw: boolean },
): () => boolean {
  let from = afterSeq
  let seenSeq = afterSeq
  let hasMatched = false
  return () => {
    if (hasMatched || (session.log.lastSeq === seenSeq && !session.isOver)) return hasMatched
    seenSeq = session.log.lastSeq
    const pieces = unreadPieces(session, { afterSeq: from, raw })
    hasMatched = pattern.test(textOf(pieces.flatMap((piece) => piece.decode())))
    from = startOfEnd(pieces, OVERLAP_BYTES) ?? from
    return hasMatched
  }
}

/** A position before the last `bytes` bytes; undefined when there are fewer. */
function startOfEnd(pieces: readonly Piece[], bytes: number): number | undefined {
  let size = 0
  for (const { seq, rawBytes } of [...pieces].reverse()) {
    size += rawBytes
    if (size > bytes) return seq - 1
  }
  return undefined
}

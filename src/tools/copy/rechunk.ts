import { joinBytes } from '../../util/join-bytes.ts'

/** The same bytes in pieces of at least `size`, but for the last: an executor sends a stream in pieces of 8 KB. One that is large enough is passed on as it is. */
export async function* rechunk(pieces: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Uint8Array> {
  let kept: Uint8Array[] = []
  let keptBytes = 0
  for await (const piece of pieces) {
    kept.push(piece)
    keptBytes += piece.byteLength
    if (keptBytes < size) continue
    yield joinBytes(kept)
    kept = []
    keptBytes = 0
  }
  if (keptBytes > 0) yield joinBytes(kept)
}

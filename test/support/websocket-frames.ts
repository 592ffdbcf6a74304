/** A part of the stream: what comes before the frames (the HTTP upgrade), or one whole frame. */
export interface Piece {
  readonly kind: 'head' | 'frame'
  readonly bytes: Buffer
}

/** Cuts a TCP stream of WebSocket traffic into pieces. */
export class FrameSplitter {
  #chunks: Buffer[] = []
  #size = 0
  /** Bytes that there must be before it is worth looking again. */
  #needed = 1
  #isUpgraded = false

  /** Adds bytes; gives the pieces that are whole now, in order. Joined, all pieces are the stream, byte for byte. */
  push(bytes: Buffer): Piece[] {
    this.#chunks.push(bytes)
    this.#size += bytes.length
    if (this.#size < this.#needed) return []
    const pieces: Piece[] = []
    let rest = Buffer.concat(this.#chunks)
    let length = this.#lengthOfNext(rest)
    for (; length > 0 && length <= rest.length; length = this.#lengthOfNext(rest)) {
      pieces.push({ kind: this.#isUpgraded ? 'frame' : 'head', bytes: rest.subarray(0, length) })
      rest = rest.subarray(length)
      this.#isUpgraded = true
    }
    this.#chunks = [rest]
    this.#size = rest.length
    this.#needed = length || rest.length + 1
    return pieces
  }

  /** Bytes of the next piece; 0 while that cannot be told. */
  #lengthOfNext(rest: Buffer): number {
    if (this.#isUpgraded) return frameLength(rest)
    const end = rest.indexOf('\r\n\r\n')
    return end < 0 ? 0 : end + 4
  }
}

function frameLength(bytes: Buffer): number {
  if (bytes.length < 2) return 0
  const short = bytes[1]! & 127
  const extra = short === 126 ? 2 : short === 127 ? 8 : 0
  if (bytes.length < 2 + extra) return 0
  const payload = extra === 2 ? bytes.readUInt16BE(2) : extra === 8 ? Number(bytes.readBigUInt64BE(2)) : short
  return 2 + extra + (bytes[1]! & 128 ? 4 : 0) + payload
}

/** True for text, binary and continuation frames: those that carry messages. */
export function isDataFrame(frame: Buffer): boolean {
  return (frame[0]! & 15) <= 2
}

/** A close frame as a server sends it. */
export function closeFrame(code: number): Buffer {
  return Buffer.from([0x88, 2, code >> 8, code & 255])
}

/** Cuts a TCP stream of WebSocket traffic into what comes before the frames (the HTTP upgrade) and whole frames. */
export class FrameSplitter {
  #rest = Buffer.alloc(0)
  #isUpgraded = false

  /** Adds bytes; gives the pieces that are whole now, in order. Joined, all pieces are the stream, byte for byte. */
  push(bytes: Buffer): { kind: 'head' | 'frame'; bytes: Buffer }[] {
    this.#rest = Buffer.concat([this.#rest, bytes])
    const pieces: { kind: 'head' | 'frame'; bytes: Buffer }[] = []
    for (
      let length = this.#nextLength();
      length > 0 && length <= this.#rest.length;
      length = this.#nextLength()
    ) {
      pieces.push({ kind: this.#isUpgraded ? 'frame' : 'head', bytes: this.#rest.subarray(0, length) })
      this.#rest = this.#rest.subarray(length)
      this.#isUpgraded = true
    }
    return pieces
  }

  /** Bytes of the next piece; 0 while that cannot be told. */
  #nextLength(): number {
    if (this.#isUpgraded) return frameLength(this.#rest)
    const end = this.#rest.indexOf('\r\n\r\n')
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

/** Bytes as the wire carries them. */
export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

/** Bytes that are text only on the wire: what waits for its answer, or was read, holds no text of them. */
export class Base64 {
  readonly bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  toString(): string {
    return base64(this.bytes)
  }

  toJSON(): string {
    return this.toString()
  }
}

/** The bytes that a text stands for; undefined when it is not base64, with all its padding. */
export function bytesFromBase64(text: Uint8Array): Uint8Array | undefined {
  const { length } = text
  if (length % 4 !== 0) return undefined
  const padding = [...text.subarray(-2)].filter((byte) => byte === PADDING).length
  const bytes = Buffer.allocUnsafe((length / 4) * 3 - padding)
  const source = Buffer.from(text.buffer, text.byteOffset, length)
  let written = 0
  for (let at = 0; at < length; at += PIECE_CHARS)
    // What is not base64 is passed over by Node: then there are fewer bytes than there should be.
    written += bytes.write(source.toString('latin1', at, at + PIECE_CHARS), written, 'base64')
  return written === bytes.length ? bytes : undefined
}

/** Writes them as text from `at` on; gives its end. */
export function writeBase64(bytes: Uint8Array, target: Buffer, at: number): number {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let end = at
  for (let from = 0; from < source.length; from += PIECE_BYTES)
    end += target.write(source.toString('base64', from, from + PIECE_BYTES), end, 'latin1')
  return end
}

const PADDING = '='.charCodeAt(0)

/** Texts of more than 128 KB are large objects to V8, which it frees late. */
const PIECE_CHARS = 64 * 1024
const PIECE_BYTES = (PIECE_CHARS / 4) * 3

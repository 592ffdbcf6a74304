import { BridgeError } from '../../util/errors.ts'
import type { Cipher } from './primitives.ts'

/** The most of the stream that one record holds, in bytes. */
const RECORD_BYTES = 61_440
/** The longest message of the stream, in bytes. */
const MESSAGE_BYTES = 64 * 1024 * 1024
const EMPTY = Buffer.alloc(0)

/** Cuts messages, each with its length in front, into encrypted records; one record is one frame. */
export function* sealRecords(message: Uint8Array, cipher: Cipher): Generator<Buffer> {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(message.byteLength)
  const stream = Buffer.concat([length, message])
  for (let at = 0; at < stream.byteLength; at += RECORD_BYTES)
    yield cipher.encrypt(stream.subarray(at, at + RECORD_BYTES), EMPTY)
}

/** Puts messages together out of records, in order. */
export class RecordReader {
  readonly #cipher: Cipher
  #parts: Buffer[] = []
  #bytes = 0

  constructor(cipher: Cipher) {
    this.#cipher = cipher
  }

  /** Takes one record; gives the messages that are whole now. Throws when it cannot be opened, or announces too much. */
  push(record: Uint8Array): Buffer[] {
    const plain = this.#cipher.decrypt(record, EMPTY)
    this.#parts.push(plain)
    this.#bytes += plain.byteLength
    const messages: Buffer[] = []
    for (let message = this.#next(); message; message = this.#next()) messages.push(message)
    return messages
  }

  #next(): Buffer | undefined {
    if (this.#bytes < 4) return undefined
    const length = this.#peekLength()
    if (length > MESSAGE_BYTES)
      throw new BridgeError('unavailable', `The executor announced a message of ${length} bytes`)
    if (this.#bytes < 4 + length) return undefined
    const all = Buffer.concat(this.#parts)
    const rest = all.subarray(4 + length)
    this.#parts = rest.byteLength > 0 ? [rest] : []
    this.#bytes = rest.byteLength
    return all.subarray(4, 4 + length)
  }

  #peekLength(): number {
    if (this.#parts[0]!.byteLength < 4) this.#parts = [Buffer.concat(this.#parts)]
    return this.#parts[0]!.readUInt32BE(0)
  }
}

import { BridgeError } from '../util/errors.ts'
import type { Frame } from './transport.ts'

// protobuf, as little of it as the frames of the relay need: varints (wire type 0) and lengths (wire type 2).

/** What a field holds: a number, or the bytes of a text or of a message. */
export type Value = number | Frame

/** A field with a number. proto3: a zero is left out. */
export function numberField(field: number, value: number): Frame[] {
  return value === 0 ? [] : [Buffer.from([...varint(field << 3), ...varint(value)])]
}

/** A field with bytes, given in parts, none of which is copied. */
export function bytesField(field: number, parts: readonly Frame[]): Frame[] {
  const length = parts.reduce((sum, part) => sum + part.byteLength, 0)
  return [Buffer.from([...varint((field << 3) | 2), ...varint(length)]), ...parts]
}

function varint(value: number): number[] {
  const out: number[] = []
  let rest = value
  for (; rest > 127; rest = Math.floor(rest / 128)) out.push((rest % 128) | 128)
  out.push(rest)
  return out
}

/** The fields of a message, in its order; throws `unavailable` when it is cut, or is none. */
export function* fieldsOf(message: Frame): Generator<[number, Value]> {
  const cursor = new Cursor(message)
  while (!cursor.isAtEnd) {
    const tag = cursor.number()
    const field = Math.floor(tag / 8)
    switch (tag & 7) {
      case 0:
        yield [field, cursor.number()]
        break
      case 2:
        yield [field, cursor.take(cursor.number())]
        break
      // Fixed numbers: none of our fields has them, one that is not ours may.
      case 1:
        cursor.take(8)
        break
      case 5:
        cursor.take(4)
        break
      default:
        throw malformed(`wire type ${tag & 7}`)
    }
  }
}

class Cursor {
  readonly #message: Frame
  #at = 0

  constructor(message: Frame) {
    this.#message = message
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#message.byteLength
  }

  number(): number {
    let value = 0
    for (let shift = 0; shift < 64; shift += 7) {
      const byte = this.#message[this.#at++]
      if (byte === undefined) throw malformed('a cut frame')
      value += (byte & 127) * 2 ** shift
      if (byte < 128) return value
    }
    throw malformed('an endless number')
  }

  take(length: number): Frame {
    const from = this.#at
    if (from + length > this.#message.byteLength) throw malformed('a cut frame')
    this.#at += length
    return this.#message.subarray(from, this.#at)
  }
}

/** A value that must be a number; throws `unavailable` when it is not. */
export function asNumber(value: Value): number {
  if (typeof value !== 'number') throw malformed('bytes where a number was due')
  return value
}

/** A value that must be bytes; throws `unavailable` when it is not. */
export function asBytes(value: Value): Frame {
  if (typeof value === 'number') throw malformed('a number where bytes were due')
  return value
}

/** A value that must be a text; throws `unavailable` when it is not. */
export function asText(value: Value): string {
  return Buffer.from(asBytes(value)).toString('utf8')
}

/** What a frame that breaks the rules is refused with. */
export function malformed(what: string): BridgeError {
  return new BridgeError('unavailable', `The other end sent something that is not a relay frame (${what})`)
}

import type { Frame } from '../rpc/transport.ts'

/** Bytes read one by one, outside of texts; the longest text that is looked into. Far above any message of a client. */
const MAX_STEPS = 256 * 1024
const MAX_TEXT_BYTES = 1024

const [QUOTE, BACKSLASH, COLON, COMMA] = [0x22, 0x5c, 0x3a, 0x2c]
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d]

/**
 * Walks over JSON without parsing it: finds the places of a few values and passes over the rest, long texts in one leap.
 * It reads all valid JSON right, and does not notice everything that is invalid. Never throws: once it cannot go on, or has
 * taken too many steps, `isWell` is false and it does nothing more.
 */
export class JsonScanner {
  readonly #bytes: Buffer
  #at = 0
  #steps = 0
  #isWell = true

  constructor(message: Frame) {
    this.#bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength)
  }

  get isWell(): boolean {
    return this.#isWell
  }

  /** Nothing more is wanted. */
  stop(): void {
    this.#isWell = false
  }

  /** Reads an object, or passes over another value. `value` is called at the value of each key, and reads it or passes over it. */
  object(value: (key: string) => void): void {
    if (this.#peek() !== OPEN_OBJECT) return this.skip()
    this.#at++
    while (this.#isWell && this.#peek() !== CLOSE_OBJECT) {
      const key = this.scalar()
      if (typeof key !== 'string' || this.#peek() !== COLON) return this.stop()
      this.#at++
      value(key)
      if (this.#peek() === COMMA) this.#at++
    }
    this.#at++
  }

  /** The first element of a list, when it is a text or a number; passes over the list, or whatever stands there. */
  firstOfList(): unknown {
    if (this.#peek() !== OPEN_LIST) return void this.skip()
    const from = this.#at++
    const first = this.#peek() === QUOTE ? this.scalar() : undefined
    this.#at = from
    this.skip()
    return first
  }

  /** A text (cut when it is long), a number, or `null`; `undefined` for another value, which is passed over. */
  scalar(): unknown {
    const first = this.#peek()
    const from = this.#at
    this.skip()
    if (!this.#isWell || first === OPEN_OBJECT || first === OPEN_LIST) return undefined
    return scalarFrom(this.#bytes.subarray(from, this.#at))
  }

  /** Passes over one value. */
  skip(): void {
    let depth = 0
    do {
      const byte = this.#peek()
      if (byte === OPEN_LIST || byte === OPEN_OBJECT) depth++
      if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) depth--
      if (byte === QUOTE) this.#skipText()
      else if (isSign(byte)) this.#at++
      else this.#skipWord()
    } while (depth > 0 && this.#isWell)
    if (depth < 0) this.stop()
  }

  #skipText(): void {
    let end = this.#at
    do {
      this.#step()
      end = this.#bytes.indexOf(QUOTE, end + 1)
    } while (end !== -1 && this.#isWell && this.#isEscaped(end))
    if (end === -1) this.stop()
    else this.#at = end + 1
  }

  /** Whether an odd number of backslashes stands before. */
  #isEscaped(at: number): boolean {
    let from = at
    while (this.#bytes[from - 1] === BACKSLASH) {
      from--
      this.#step()
    }
    return (at - from) % 2 === 1
  }

  /** Numbers, true, false, null. */
  #skipWord(): void {
    const from = this.#at
    while (isOfWord(this.#bytes[this.#at])) {
      this.#at++
      this.#step()
    }
    if (this.#at === from) this.stop()
  }

  /** The next byte that is no blank; `undefined` at the end, after which nothing is well. */
  #peek(): number | undefined {
    while (isBlank(this.#bytes[this.#at])) {
      this.#at++
      this.#step()
    }
    this.#step()
    const byte = this.#bytes[this.#at]
    if (byte === undefined) this.stop()
    return byte
  }

  #step(): void {
    if (++this.#steps > MAX_STEPS) this.stop()
  }
}

function scalarFrom(bytes: Buffer): unknown {
  if (bytes.byteLength > MAX_TEXT_BYTES) return bytes.subarray(1, MAX_TEXT_BYTES).toString('utf8')
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'))
    return value
  } catch {
    return undefined
  }
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

/** What stands between values. */
function isSign(byte: number | undefined): boolean {
  if (byte === COMMA || byte === COLON) return true
  return byte === OPEN_LIST || byte === CLOSE_LIST || byte === OPEN_OBJECT || byte === CLOSE_OBJECT
}

function isOfWord(byte: number | undefined): boolean {
  return byte !== undefined && byte !== QUOTE && !isBlank(byte) && !isSign(byte)
}

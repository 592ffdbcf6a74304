/** What a `LineReader` calls, in the order of the input. Neither may throw. */
export interface LineReceiver {
  /** One line that is not blank, without the white space around it. Bytes that are not UTF-8 have become U+FFFD. */
  line(text: string): void
  /** A line was over the limit: called once, as soon as that is known. Nothing of the line is kept or delivered. */
  tooLong(): void
}

/** Bytes to lines, wherever the chunks are cut. Lines end with LF; a CR before it is white space. */
export class LineReader {
  readonly #limitBytes: number
  readonly #receiver: LineReceiver
  /** The beginning of a line whose end has not come, in the first `#length` bytes of a buffer that doubles. */
  #held = NOTHING
  #length = 0
  #isSkipping = false

  constructor(limitBytes: number, receiver: LineReceiver) {
    this.#limitBytes = limitBytes
    this.#receiver = receiver
  }

  /** Takes the next bytes, and delivers every line that ends in them. */
  push(chunk: Buffer): void {
    let start = 0
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, start)) {
      this.#finish(chunk.subarray(start, end))
      start = end + 1
    }
    this.#hold(chunk.subarray(start))
  }

  #finish(last: Buffer): void {
    let line = last
    if (this.#length > 0 || last.length > this.#limitBytes) {
      this.#hold(last)
      line = this.#held.subarray(0, this.#length)
    }
    const isWhole = !this.#isSkipping
    this.#forget()
    this.#isSkipping = false
    const text = isWhole ? line.toString('utf8').trim() : ''
    if (text) this.#receiver.line(text)
  }

  #hold(piece: Buffer): void {
    if (this.#isSkipping || piece.length === 0) return
    const length = this.#length + piece.length
    if (length > this.#limitBytes) {
      this.#forget()
      this.#isSkipping = true
      return this.#receiver.tooLong()
    }
    if (length > this.#held.length) {
      const grown = Buffer.allocUnsafe(Math.max(length, this.#held.length * 2))
      this.#held.copy(grown, 0, 0, this.#length)
      this.#held = grown
    }
    piece.copy(this.#held, this.#length)
    this.#length = length
  }

  #forget(): void {
    this.#held = NOTHING
    this.#length = 0
  }
}

const LF = 0x0a
const NOTHING = Buffer.alloc(0)

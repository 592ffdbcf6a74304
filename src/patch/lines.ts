/** Lines that lie in bytes: those of a file, or those of a hunk. */
export interface Lines {
  readonly bytes: Buffer
  readonly lineCount: number
  /** Where a line begins. */
  start(line: number): number
  /** Where it ends, without its line end. */
  end(line: number): number
}

const LF = 0x0a

/** The lines of a hunk that are looked for. They hold no LF, but may hold anything else. */
export class Block implements Lines {
  readonly bytes: Buffer
  readonly lineCount: number
  readonly #ends: number[] = []

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    for (let at = bytes.indexOf(LF); at !== -1; at = bytes.indexOf(LF, at + 1)) this.#ends.push(at)
    this.lineCount = this.#ends.length
  }

  static of(texts: readonly string[]): Block {
    return new Block(Buffer.from(texts.map((text) => `${text}\n`).join('')))
  }

  start(line: number): number {
    return line === 0 ? 0 : this.#ends[line - 1]! + 1
  }

  end(line: number): number {
    return this.#ends[line]!
  }
}

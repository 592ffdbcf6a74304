import type { Lines } from './lines.ts'

const LF = 0x0a
const CR = 0x0d

export type LineEnd = '\n' | '\r\n' | '\r'

/** The text of a file as bytes (UTF-8), cut into lines at LF, CRLF and bare CR. An end without line end is a line if not empty. */
export class Source implements Lines {
  readonly bytes: Buffer
  readonly lineCount: number
  /** All line ends are of one kind. */
  readonly hasOneLineEnd: boolean
  /** The line end that added lines get: the first one in the file; LF when it has none. */
  readonly lineEnd: LineEnd
  readonly #starts: Uint32Array

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    const { starts, lineCount, lineEnds } = cutLines(bytes)
    this.#starts = starts
    this.lineCount = lineCount
    this.hasOneLineEnd = lineEnds.size <= 1
    this.lineEnd = [...lineEnds][0] ?? '\n'
  }

  /** The last line has no line end. */
  get isUnended(): boolean {
    const { length } = this.bytes
    return length > 0 && lineEndLength(this.bytes, length) === 0
  }

  /** Where a line begins; for the line after the last, the length of the text. */
  start(line: number): number {
    return this.#starts[line]!
  }

  /** Where a line's text ends: before its line end. */
  end(line: number): number {
    const end = this.#starts[line + 1]!
    return end - lineEndLength(this.bytes, end)
  }

  /** A line without its line end. */
  text(line: number): string {
    return this.bytes.toString('utf8', this.start(line), this.end(line))
  }

  /** The line that a byte belongs to. */
  lineAt(byte: number): number {
    let [low, high] = [0, this.lineCount]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#starts[middle + 1]! <= byte) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** How many bytes of line end stand before a place where a line may begin. */
function lineEndLength(bytes: Uint8Array, at: number): number {
  const last = bytes[at - 1]
  if (last === CR) return 1
  if (last !== LF) return 0
  return bytes[at - 2] === CR ? 2 : 1
}

/** Where the lines begin, and where the last one ends; and the kinds of line end, the first one first. */
function cutLines(bytes: Uint8Array) {
  let starts = new Uint32Array((bytes.length >>> 5) + 2)
  let lineCount = 0
  const lineEnds = new Set<LineEnd>()
  let lf = positionOf(LF, bytes, 0)
  let cr = positionOf(CR, bytes, 0)
  for (let at = Math.min(lf, cr); at < bytes.length; at = Math.min(lf, cr)) {
    const end = cr + 1 === lf ? lf : at
    lineEnds.add(end > at ? '\r\n' : at === lf ? '\n' : '\r')
    if (cr <= end) cr = positionOf(CR, bytes, end + 1)
    if (lf <= end) lf = positionOf(LF, bytes, end + 1)
    starts[++lineCount] = end + 1
    if (lineCount + 1 === starts.length) starts = doubled(starts)
  }
  if (starts[lineCount] !== bytes.length) starts[++lineCount] = bytes.length
  return { starts, lineCount, lineEnds }
}

function doubled(numbers: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const more = new Uint32Array(numbers.length * 2)
  more.set(numbers)
  return more
}

/** The next place of a byte, or one behind any text. Much faster than a loop, and than Buffer's own. */
function positionOf(byte: number, bytes: Uint8Array, from: number): number {
  const at = Uint8Array.prototype.indexOf.call(bytes, byte, from)
  return at === -1 ? Number.POSITIVE_INFINITY : at
}

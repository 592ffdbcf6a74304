import type { Block } from './lines.ts'
import type { Source } from './source.ts'

const CR = 0x0d

/**
 * Finds blocks that stand in a file byte for byte with the machine's own search, which needs no index. It is right where all line ends
 * are of one kind, and good while blocks are found: who has read the file a few times over had better make an index.
 */
export class Scan {
  readonly #source: Source
  #budget: number

  constructor(source: Source) {
    this.#source = source
    this.#budget = source.hasOneLineEnd ? PASSES * source.bytes.length : 0
  }

  /** Whether this block may be looked for here. A line of a file holds no CR; one of a patch may, and would look like two. */
  suits(block: Block): boolean {
    return this.#budget > 0 && block.bytes.length > block.lineCount && !block.bytes.includes(CR)
  }

  /** The first line between two (both included) where the block stands; undefined also when the search has become too dear. */
  find(block: Block, from: number, to: number): number | undefined {
    const { bytes } = this.#source
    const text = this.#asInFile(block)
    for (let at = this.#source.start(from); ; at++) {
      const start = at
      at = bytes.indexOf(text, start)
      this.#budget -= HIT_BYTES + (at === -1 ? bytes.length : at) - start
      if (at === -1 || this.#budget <= 0) return undefined
      if (!this.#startsLine(at) || !this.#endsLine(at + text.length)) continue
      const line = this.#source.lineAt(at)
      return line <= to ? line : undefined
    }
  }

  /** The block with the file's line ends, and without the last one, which the file may lack. */
  #asInFile({ bytes }: Block): Buffer {
    const text = bytes.subarray(0, -1)
    const { lineEnd } = this.#source
    return lineEnd === '\n' ? text : Buffer.from(text.toString().replaceAll('\n', lineEnd))
  }

  #startsLine(at: number): boolean {
    const { bytes, lineEnd } = this.#source
    return at === 0 || bytes[at - 1] === lineEnd.charCodeAt(lineEnd.length - 1)
  }

  #endsLine(at: number): boolean {
    const { bytes, lineEnd, isUnended } = this.#source
    return at === bytes.length ? isUnended : bytes[at] === lineEnd.charCodeAt(0)
  }
}

/** How often the file may be read before an index, which costs about as much as ten readings, is the better choice. */
const PASSES = 3

/** What a hit costs, counted as bytes read: a short line stands within many longer ones. */
const HIT_BYTES = 100

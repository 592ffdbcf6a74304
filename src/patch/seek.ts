import { fold } from './fold.ts'
import { LEVELS, type Level } from './levels.ts'
import { type Comparison, LineIndex, standsAt } from './line-index.ts'
import { Block } from './lines.ts'
import { Scan } from './scan.ts'
import { Source } from './source.ts'

/** Where a block stands, and how loosely its lines had to be taken. */
export interface Place {
  readonly line: number
  readonly level: Level
}

/** What to look for, and where. */
export interface Search {
  readonly block: Block
  /** The first line where it may stand. */
  readonly from: number
  /** It must be the end of the file. */
  readonly endOfFile?: boolean | undefined
  /** Take the place nearest to this line, not the first. */
  readonly near?: number | undefined
}

/**
 * Finds blocks of lines in one file. The first of codex's levels at which the block stands anywhere decides, even when a looser
 * one would find it further up. What is learned of the file is kept for the next search.
 */
export class Seeker {
  readonly source: Source
  readonly #scan: Scan
  readonly #indexes = new Map<Level, LineIndex>()
  #folded: Source | undefined

  constructor(source: Source) {
    this.source = source
    this.#scan = new Scan(source)
  }

  /** The place of a block; undefined when it stands nowhere. An empty block stands everywhere. */
  find(search: Search): Place | undefined {
    if (search.block.lineCount === 0) return { line: search.from, level: EXACT }
    const line = this.#scanFor(search)
    return line === undefined ? this.#findLoosely(search) : { line, level: EXACT }
  }

  /** The places of a block at one level, ascending, at most so many. */
  places(level: Level, search: Search, max: number): number[] {
    return firstOf(max, this.#standing(level, search, this.#candidates(LOOSEST, search)))
  }

  /** Where the lines of a block may stand, each for itself, and how to make sure: as the loosest level sees them. */
  compare(block: Block): { likely: readonly Uint32Array[]; comparison: Comparison } {
    const comparison = { block: blockFor(LOOSEST, block), lines: this.#sourceFor(LOOSEST), level: LOOSEST }
    return { likely: this.#index(LOOSEST).likely(comparison.block), comparison }
  }

  /**
   * What agrees at any level agrees at the loosest one: no place lies before its first, and its few places, if they are few, are all
   * there is to compare.
   */
  #findLoosely(search: Search): Place | undefined {
    const [first] = firstOf(1, this.#candidates(LOOSEST, search))
    if (first === undefined) return undefined
    if (search.near === undefined && this.#stands(first, search)) return { line: first, level: EXACT }
    const few = firstOf(FEW + 1, this.#candidates(LOOSEST, search))
    for (const level of LEVELS) {
      const candidates = few.length > FEW ? this.#candidates(level, search) : few
      const line = choose(this.#standing(level, search, candidates), search.near)
      if (line !== undefined) return { line, level }
    }
    return undefined
  }

  #stands(place: number, { block }: Search): boolean {
    return standsAt(place, { block, lines: this.source, level: EXACT })
  }

  #scanFor(search: Search): number | undefined {
    const { first, last } = this.#range(search)
    if (last < first || search.near !== undefined || !this.#scan.suits(search.block)) return undefined
    return this.#scan.find(search.block, first, last)
  }

  /** Where an index of the level has the block. */
  *#candidates(level: Level, search: Search): Generator<number, void> {
    const { first, last } = this.#range(search)
    if (last < first) return
    const block = blockFor(level, search.block)
    const index = this.#index(level)
    for (let place = index.find(block, first, last); place !== undefined; ) {
      yield place
      place = index.find(block, place + 1, last)
    }
  }

  *#standing(level: Level, search: Search, candidates: Iterable<number>): Generator<number, void> {
    const by = { block: blockFor(level, search.block), lines: this.#sourceFor(level), level }
    for (const place of candidates) if (standsAt(place, by)) yield place
  }

  #range({ block, from, endOfFile }: Search): { first: number; last: number } {
    const last = this.source.lineCount - block.lineCount
    return { first: endOfFile ? Math.max(from, last) : from, last }
  }

  #index(level: Level): LineIndex {
    let index = this.#indexes.get(level)
    if (!index) {
      index = new LineIndex(this.#sourceFor(level), level)
      this.#indexes.set(level, index)
    }
    return index
  }

  #sourceFor(level: Level): Source {
    return level.folds ? this.#foldedSource : this.source
  }

  get #foldedSource(): Source {
    if (!this.#folded) {
      const bytes = fold(this.source.bytes)
      this.#folded = bytes === this.source.bytes ? this.source : new Source(bytes)
    }
    return this.#folded
  }
}

function blockFor(level: Level, block: Block): Block {
  return level.folds ? new Block(fold(block.bytes)) : block
}

const EXACT: Level = LEVELS[0]!
const LOOSEST: Level = LEVELS.at(-1)!

/** Up to so many places are compared one by one; beyond, each level gets an index of its own. */
const FEW = 50

function firstOf(max: number, places: Iterable<number>): number[] {
  const first: number[] = []
  for (const place of places) if (first.push(place) === max) break
  return first
}

/** The first place, or the one nearest to a line. Places ascend. */
function choose(places: Iterable<number>, near: number | undefined): number | undefined {
  let best: number | undefined
  for (const place of places) {
    if (near === undefined) return place
    if (best !== undefined && Math.abs(place - near) >= Math.abs(best - near)) break
    best = place
  }
  return best
}

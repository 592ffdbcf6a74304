import type { Clock } from '../util/clock.ts'

export interface WindowLimits {
  readonly minWindowBytes: number
  readonly maxWindowBytes: number
  readonly queueMs: number
}

interface Mark {
  readonly id: number
  /** What had been sent before it, and what of that was known to be read. */
  readonly sentBytes: number
  readonly readBytes: number
  readonly at: number
}

/**
 * How much may be under way on a connection so that it is kept busy and what comes next waits only a little: as much as was
 * read in the shortest time from a mark to its echo, and in half of that time, or `queueMs`, besides.
 */
export class Window {
  readonly #clock: Clock
  readonly #limits: WindowLimits
  #bytes: number
  #sentBytes = 0
  #readBytes = 0
  #markedBytes = 0
  #nextId = 1
  #marks: Mark[] = []
  #shortestMs = Number.POSITIVE_INFINITY

  constructor(clock: Clock, limits: WindowLimits) {
    this.#clock = clock
    this.#limits = limits
    this.#bytes = limits.minWindowBytes
  }

  /** Bytes that may be under way at present. */
  get bytes(): number {
    return this.#bytes
  }

  get isFull(): boolean {
    return this.#sentBytes - this.#readBytes >= this.#bytes
  }

  /** Told of all that is sent. Gives the id of a mark when one is due behind it. */
  sent(bytes: number): number | undefined {
    this.#sentBytes += bytes
    return this.#dueMark()
  }

  /**
   * The other end has read up to this mark. `isWanted`: somebody waits to send, so that what was under way is what the
   * connection takes, and not merely all there was. Gives the id of a mark when one is due now: a window that has shrunk may
   * be full of what no mark stands behind, and nobody would ever hear that it was read.
   */
  read(id: number, isWanted: boolean): number | undefined {
    const mark = this.#marks.find((one) => one.id === id)
    if (!mark) return undefined
    this.#marks = this.#marks.filter((one) => one.id > id)
    this.#readBytes = mark.sentBytes
    const tookMs = Math.max(this.#clock.now() - mark.at, 0.01)
    this.#shortestMs = Math.min(this.#shortestMs, tookMs)
    if (isWanted) this.#adapt(mark.sentBytes - mark.readBytes, tookMs)
    return this.#dueMark()
  }

  #dueMark(): number | undefined {
    if (this.#sentBytes - this.#markedBytes < this.#bytes / 4) return undefined
    this.#markedBytes = this.#sentBytes
    const id = this.#nextId++
    const mark = { id, sentBytes: this.#sentBytes, readBytes: this.#readBytes, at: this.#clock.now() }
    this.#marks.push(mark)
    return id
  }

  #adapt(bytes: number, tookMs: number): void {
    const { minWindowBytes, maxWindowBytes, queueMs } = this.#limits
    const wantedMs = this.#shortestMs + Math.max(this.#shortestMs / 2, queueMs)
    const wanted = Math.min((bytes / tookMs) * wantedMs, this.#bytes * 2)
    this.#bytes = Math.round(Math.min(Math.max(wanted, minWindowBytes), maxWindowBytes))
  }
}

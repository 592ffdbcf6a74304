import type { Clock } from '../util/clock.ts'
import type { Child } from './child.ts'

export interface RetainedLimits {
  /** How long a process is remembered after it closed, in ms. */
  readonly forMs: number
  /** With more that are remembered, the oldest go early. */
  readonly most: number
  /** With more output of them in memory, that of the oldest goes to disk, where there is one for it. */
  readonly memoryBytes: number
}

/** What becomes of one: each must forget it. */
export interface RetainedEnd {
  /** Its time is over. */
  expired(): void
  /** Its place was needed before. */
  displaced(): void
}

interface Entry {
  readonly timer: Disposable
  readonly end: RetainedEnd
}

/** Processes that are over, and remembered for a while with what they wrote: the oldest first. */
export class Retained {
  readonly #clock: Clock
  readonly #limits: RetainedLimits
  readonly #entries = new Map<Child, Entry>()
  /** Those whose output is still in memory, with how much that is. */
  readonly #inMemory = new Map<Child, number>()
  #memoryBytes = 0

  constructor(clock: Clock, limits: RetainedLimits) {
    this.#clock = clock
    this.#limits = limits
  }

  /** Remembers one that has closed. */
  add(child: Child, end: RetainedEnd): void {
    const timer = this.#clock.after(this.#limits.forMs, () => end.expired())
    this.#entries.set(child, { timer, end })
    this.#inMemory.set(child, child.output.size)
    this.#memoryBytes += child.output.size
    const [oldest] = this.#entries.values()
    if (this.#entries.size > this.#limits.most) oldest?.end.displaced()
    this.#relieve()
  }

  /** It was forgotten. */
  delete(child: Child): void {
    this.#entries.get(child)?.timer[Symbol.dispose]()
    this.#entries.delete(child)
    this.#leaveMemory(child)
  }

  #relieve(): void {
    for (const child of [...this.#inMemory.keys()]) {
      if (this.#memoryBytes <= this.#limits.memoryBytes) return
      this.#leaveMemory(child)
      child.settle()
    }
  }

  #leaveMemory(child: Child): void {
    this.#memoryBytes -= this.#inMemory.get(child) ?? 0
    this.#inMemory.delete(child)
  }
}

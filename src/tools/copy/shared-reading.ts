import { deferred } from '../../util/deferred.ts'

/** Pieces that a destination may be behind the fastest: of 64 KiB or 256 KiB each. */
const MAX_BEHIND = 8

/** One reading of a source for all destinations of a call, which begins when each has joined or will not; the slowest sets the pace. */
export class SharedReading {
  readonly #groups = new Map<string, Group>()
  readonly #all = deferred<void>()
  #awaited: number

  constructor(destinations: number) {
    this.#awaited = destinations
  }

  /** The place of one destination. */
  seat(): Seat {
    let isAwaited = true
    const leave = () => {
      if (isAwaited && --this.#awaited === 0) this.#all.resolve()
      isAwaited = false
    }
    const read = (key: string, make: () => AsyncGenerator<Uint8Array>) => {
      const group = this.#groups.get(key) ?? new Group(make)
      this.#groups.set(key, group)
      const pieces = group.join()
      leave()
      return group.read(pieces, this.#all.promise)
    }
    return { read, leave }
  }
}

/** What one destination does with the reading. */
export interface Seat {
  /** The same bytes for all who give the same key, read by what the first of them makes. To be read to its end, or returned. */
  read(key: string, make: () => AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array>
  /** It does not take part, or no more: the others need not wait. */
  leave(): void
}

/** Those who read the same bytes: a piece is read when all have room for it. */
class Group {
  readonly #source: AsyncGenerator<Uint8Array>
  readonly #readers = new Set<Uint8Array[]>()
  #isOver = false
  #pull: Promise<void> | undefined
  #room = deferred<void>()

  constructor(make: () => AsyncGenerator<Uint8Array>) {
    this.#source = make()
  }

  join(): Uint8Array[] {
    const pieces: Uint8Array[] = []
    this.#readers.add(pieces)
    return pieces
  }

  async *read(pieces: Uint8Array[], begins: Promise<void>): AsyncGenerator<Uint8Array> {
    try {
      await begins
      for (;;) {
        const piece = pieces.shift()
        this.#tellRoom()
        if (piece) yield piece
        else if (this.#isOver) return
        else if (this.#isSomeoneFull) await this.#room.promise
        else await this.#pullOnce()
      }
    } finally {
      this.#readers.delete(pieces)
      this.#tellRoom()
      if (this.#readers.size === 0) await this.#source.return(undefined)
    }
  }

  get #isSomeoneFull(): boolean {
    return [...this.#readers].some(({ length }) => length >= MAX_BEHIND)
  }

  /** Once for all who wait for the next piece. */
  #pullOnce(): Promise<void> {
    this.#pull ??= this.#pullOne()
    return this.#pull
  }

  /** A failure is met by each who reads: a source that has failed gives nothing more, so it is kept as the pull. */
  async #pullOne(): Promise<void> {
    const { done, value } = await this.#source.next()
    if (done) this.#isOver = true
    else for (const pieces of this.#readers) pieces.push(value)
    this.#pull = undefined
  }

  #tellRoom(): void {
    this.#room.resolve()
    this.#room = deferred<void>()
  }
}

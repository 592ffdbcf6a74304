import type { ProcessReadResult } from '../protocol/methods.ts'
import { OutputBuffer } from '../protocol/output-buffer.ts'
import { BRIDGE_LIMITS } from './limits.ts'
import type { ProcessEvent } from './notices.ts'

/** The most a stock executor puts into one chunk, in bytes: what one that never came may have held, when none has come. */
const CHUNK_BYTES = 8192

/**
 * The events of one process, taken in as the wire brings them and passed to `buffer` in the order of their numbers.
 * Rarely (one in 300) a notification is overtaken by the next: what comes after a missing number is held until it is
 * there, or until an answer of `process/read` says what it was.
 */
export class OrderedOutput {
  readonly buffer = new OutputBuffer({ maxBytes: BRIDGE_LIMITS.bufferedBytes, dropsRead: true })
  readonly #held = new Map<number, ProcessEvent>()
  #nextSeq = 1
  #chunks = 0
  #bytes = 0

  /** Everything up to here has been passed on. */
  get lastSeq(): number {
    return this.#nextSeq - 1
  }

  /** Events are held because one before them is missing. */
  get hasHole(): boolean {
    return this.#held.size > 0
  }

  /** Some event has come. */
  get isHeardOf(): boolean {
    return this.#nextSeq > 1 || this.hasHole || this.buffer.closed
  }

  /** Takes one event in. Output that is known, or was given up, changes nothing; an end counts however late it comes. */
  take(event: ProcessEvent): void {
    if (event.seq < this.#nextSeq && event.kind === 'output') return
    if (event.seq < this.#nextSeq) return this.#pass(event)
    this.#held.set(event.seq, event)
    this.#passOn()
    if (this.#held.size > BRIDGE_LIMITS.heldEvents) this.skipHole()
  }

  /** Takes in an answer of `process/read` after `lastSeq`: with it everything up to its newest number is known. */
  merge(answer: ProcessReadResult): void {
    const { chunks, exited, exitCode, closed } = answer
    for (const { seq, stream, chunk } of chunks)
      if (seq >= this.#nextSeq && !this.#held.has(seq))
        this.#held.set(seq, { kind: 'output', seq, stream, bytes: Buffer.from(chunk, 'base64') })
    const upTo = Math.max(answer.nextSeq - 1, chunks.at(-1)?.seq ?? 0)
    // Numbers that are neither here nor an end of the process were output, which the executor keeps no longer.
    if (chunks.length > 0) this.#lose(this.#missing(upTo) - this.#endsToldBy(answer))
    this.#skipTo(upTo)
    if (exited) this.buffer.exit(this.lastSeq, exitCode ?? -1)
    if (closed) this.buffer.close(this.lastSeq)
  }

  /** Passes on what is held, without what is missing: nobody can say any more what it was. */
  skipHole(): void {
    const upTo = [...this.#held.keys()].reduce((a, b) => Math.max(a, b), this.lastSeq)
    this.#lose(this.#missing(upTo))
    this.#skipTo(upTo)
  }

  /** How many numbers up to `upTo` are not here. */
  #missing(upTo: number): number {
    const held = [...this.#held.keys()].filter((seq) => seq <= upTo)
    return upTo - this.lastSeq - held.length
  }

  /** How many ends of the process the answer tells that no event has told yet: each has a number, and no chunk. */
  #endsToldBy({ exited, closed }: ProcessReadResult): number {
    const held = [...this.#held.values()].map((event) => event.kind)
    const isNewExit = exited && !this.buffer.exited && !held.includes('exited')
    return Number(isNewExit) + Number(closed && !held.includes('closed'))
  }

  /** What never came was about as large as what did. */
  #lose(chunks: number): void {
    const chunkBytes = this.#chunks > 0 ? this.#bytes / this.#chunks : CHUNK_BYTES
    if (chunks > 0) this.buffer.lose(Math.round(chunks * chunkBytes))
  }

  #skipTo(upTo: number): void {
    const seqs = [...this.#held.keys()].filter((seq) => seq <= upTo).sort((a, b) => a - b)
    for (const seq of seqs) this.#release(seq)
    this.#nextSeq = Math.max(this.#nextSeq, upTo + 1)
    this.#passOn()
  }

  #passOn(): void {
    while (this.#held.has(this.#nextSeq)) this.#release(this.#nextSeq++)
  }

  #release(seq: number): void {
    const event = this.#held.get(seq)!
    this.#held.delete(seq)
    this.#pass(event)
  }

  #pass(event: ProcessEvent): void {
    switch (event.kind) {
      case 'output':
        this.#chunks++
        this.#bytes += event.bytes.byteLength
        return this.buffer.push(event)
      case 'exited':
        return this.buffer.exit(event.seq, event.exitCode)
      case 'closed':
        return this.buffer.close(event.seq)
    }
  }
}

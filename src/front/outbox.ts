import type { Writable } from 'node:stream'
import { type Deferred, deferred } from '../util/deferred.ts'
import type { FrontLimits } from './limits.ts'
import { encodeLine, type Outgoing } from './message.ts'

/**
 * The way to the client. Messages wait as values and are written out as text only when the output takes them, so
 * that a client which does not read costs no more than the values.
 */
export class Outbox {
  readonly #output: Writable
  readonly #limits: FrontLimits
  readonly #onGone: () => void
  readonly #queue: Outgoing[] = []
  #unflushed = 0
  #isBlocked = false
  #isGone = false
  #flushed: Deferred<void> | undefined

  /**
   * `onGone` is called once, when nobody can read any more. Nothing of the output is ever thrown, also not after
   * the last message: the listener for its errors stays.
   */
  constructor(output: Writable, limits: FrontLimits, onGone: () => void) {
    this.#output = output
    this.#limits = limits
    this.#onGone = onGone
    output.on('error', () => this.#lose())
    output.on('close', () => this.#lose())
    output.on('drain', () => {
      this.#isBlocked = false
      this.#pump()
    })
  }

  /** Queues one message; dropped when the client is gone. */
  send(message: Outgoing): void {
    if (this.#isGone) return
    this.#queue.push(message)
    this.#pump()
  }

  /** Sends a message that may be lost, and is when others wait: the queue does not grow by it. */
  offer(message: Outgoing): void {
    if (!this.#isBlocked) this.send(message)
  }

  /** Whether so much waits that no more should be read. */
  get isFull(): boolean {
    return this.#queue.length >= this.#limits.queuedMessages
  }

  /** Resolves when the output has taken all there is, or when the client is gone. */
  flushed(): Promise<void> {
    if (this.#isEmpty) return Promise.resolve()
    this.#flushed ??= deferred()
    return this.#flushed.promise
  }

  get #isEmpty(): boolean {
    return this.#unflushed === 0 && this.#queue.length === 0
  }

  #pump(): void {
    while (!this.#isBlocked && this.#queue.length > 0) {
      const line = encodeLine(this.#queue.shift()!, this.#limits.answerBytes)
      this.#unflushed++
      this.#isBlocked = !this.#output.write(line, () => this.#written())
    }
  }

  #written(): void {
    this.#unflushed--
    if (this.#isEmpty) this.#tellFlushed()
  }

  #lose(): void {
    if (this.#isGone) return
    this.#isGone = true
    this.#queue.length = 0
    this.#tellFlushed()
    this.#onGone()
  }

  #tellFlushed(): void {
    this.#flushed?.resolve()
    this.#flushed = undefined
  }
}

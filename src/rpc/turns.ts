import { type Deferred, deferred } from '../util/deferred.ts'
import type { Frame, Transport } from './transport.ts'

/** Where the frames of several senders go: straight to a socket, or in turns. */
export interface FrameSink {
  send(owner: object, frame: Frame): void
  drained(owner: object): Promise<void>
}

interface Lane {
  readonly frames: Frame[]
  bytes: number
  drain: Deferred<void> | undefined
}

/**
 * Shares one socket among senders: each gets one frame in turn, and no more is put on the socket than keeps it busy, so
 * that one with much to send delays the others by one frame at most.
 */
export class Turns implements FrameSink {
  readonly #socket: Transport
  /** Only those with something to send, in the order of their turns. */
  readonly #lanes = new Map<object, Lane>()
  readonly #highWaterBytes: number
  #isSending = false

  constructor(socket: Transport, highWaterBytes: number) {
    this.#socket = socket
    this.#highWaterBytes = highWaterBytes
  }

  send(owner: object, frame: Frame): void {
    const lane = this.#lanes.get(owner) ?? { frames: [], bytes: 0, drain: undefined }
    lane.frames.push(frame)
    lane.bytes += frame.byteLength
    this.#lanes.set(owner, lane)
    // Never rejects: a transport's `drained` does not.
    if (!this.#isSending) void this.#run()
  }

  /** Resolves when little enough of this sender waits. */
  drained(owner: object): Promise<void> {
    const lane = this.#lanes.get(owner)
    if (!lane || lane.bytes < this.#highWaterBytes) return Promise.resolve()
    lane.drain ??= deferred()
    return lane.drain.promise
  }

  /** Drops what waits of this sender: nobody wants it any more. */
  forget(owner: object): void {
    this.#lanes.get(owner)?.drain?.resolve()
    this.#lanes.delete(owner)
  }

  async #run(): Promise<void> {
    this.#isSending = true
    for (let next = this.#next(); next; next = this.#next()) {
      this.#socket.send(next)
      await this.#socket.drained()
    }
    this.#isSending = false
  }

  /** Takes the next frame, and puts its sender at the end of the row. */
  #next(): Frame | undefined {
    const first = this.#lanes.entries().next()
    if (first.done) return undefined
    const [owner, lane] = first.value
    const frame = lane.frames.shift()!
    lane.bytes -= frame.byteLength
    this.#lanes.delete(owner)
    if (lane.frames.length > 0) this.#lanes.set(owner, lane)
    if (lane.bytes < this.#highWaterBytes / 2) {
      lane.drain?.resolve()
      lane.drain = undefined
    }
    return frame
  }
}

import type { Writable } from 'node:stream'
import { deferred } from '../util/deferred.ts'
import { type CallOptions, callScope, throwIfAborted, waitFor } from '../util/signals.ts'
import { Refusal } from './refusal.ts'

/** The standard input of one process. What is asked of it is done in the order in which it was asked. */
export class ChildInput {
  readonly #stream: Writable | undefined
  readonly #canClose: boolean
  /** Settles when all that was asked for so far is done. Never rejects. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(stream: Writable | undefined, canClose: boolean) {
    this.#stream = stream
    this.#canClose = canClose
    // A process that does not read to the end is no error of ours; later writes find the stream closed.
    stream?.on('error', () => {})
  }

  /**
   * Hands the bytes over, once there is room: while the process does not read, a writer waits. One that gives up while it
   * waits has written nothing. `conflict` when the input is closed.
   */
  write(bytes: Uint8Array, options: CallOptions = {}): Promise<void> {
    return this.#inTurn(options, async (signal) => {
      const stream = this.#open('Cannot write to the process')
      if (stream.writableNeedDrain) await roomIn(stream, signal)
      throwIfAborted(signal)
      this.#open('Cannot write to the process').write(bytes)
    })
  }

  /** Ends the input after all that was written. */
  close(options: CallOptions = {}): Promise<void> {
    const action = 'Cannot end the input of the process'
    return this.#inTurn(options, async () => {
      const stream = this.#open(action)
      if (!this.#canClose)
        throw new Refusal(
          'conflict',
          action,
          'it is a terminal, where ^D (\\x04) at the start of a line does that',
        )
      stream.end()
    })
  }

  /** Lets go of it: the process is over. */
  destroy(): void {
    this.#stream?.destroy()
  }

  async #inTurn(options: CallOptions, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    using scope = callScope(options, 'Writing to the process')
    const before = this.#last
    const turn = before.then(() => {
      throwIfAborted(scope.signal)
      return work(scope.signal)
    })
    this.#last = turn.catch(() => {})
    await waitFor(turn, scope.signal)
  }

  #open(action: string): Writable {
    const stream = this.#stream
    if (!stream) throw new Refusal('conflict', action, 'it was started without one (pipe_stdin: false)')
    if (!stream.writable) throw new Refusal('conflict', action, 'its input is closed')
    return stream
  }
}

/** Waits until the stream takes more, or is over. */
async function roomIn(stream: Writable, signal: AbortSignal): Promise<void> {
  const room = deferred<void>()
  stream.on('drain', room.resolve).on('close', room.resolve)
  try {
    await waitFor(room.promise, signal)
  } finally {
    stream.off('drain', room.resolve).off('close', room.resolve)
  }
}

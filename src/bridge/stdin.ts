import { deferred } from '../util/deferred.ts'
import { BridgeError } from '../util/errors.ts'
import { type CallOptions, callScope, throwIfAborted, waitFor } from '../util/signals.ts'
import { BRIDGE_LIMITS } from './limits.ts'

/** How long a write waits for a process that does not read, when the caller sets no limit. */
const WRITE_TIMEOUT_MS = 30_000

/**
 * The standard input of one process: everything goes out in the order it was asked for, in pieces, each when the one
 * before is acknowledged, since an executor that works on several requests at once would mix them up. A piece that the
 * process does not take stays on the way until it does, or ends; its writer may give up, those behind it wait.
 */
export class Stdin {
  readonly #owner: string
  readonly #send: (piece: Uint8Array) => Promise<void>
  /** Settles when what was asked for so far is done with. Never rejects. */
  #last: Promise<unknown> = Promise.resolve()

  /** `owner` names the process in messages. `send` resolves when a piece, of at most `unacknowledgedBytes`, is acknowledged. */
  constructor(owner: string, send: (piece: Uint8Array) => Promise<void>) {
    this.#owner = owner
    this.#send = send
  }

  /** Resolves when all is acknowledged. `deadline` says how far it came, and what to do. */
  write(bytes: Uint8Array, options: CallOptions): Promise<void> {
    let taken = 0
    const progress = () => `Cannot write to ${this.#owner}: it took ${taken} of ${bytes.byteLength} bytes`
    return this.#inTurn(progress, options, async (onTheWay) => {
      while (taken < bytes.byteLength) {
        const piece = bytes.subarray(taken, taken + BRIDGE_LIMITS.unacknowledgedBytes)
        await onTheWay(() => this.#send(piece))
        taken += piece.byteLength
      }
    })
  }

  /** Ends the input, by `close`, after all that was written before. */
  end(close: () => Promise<unknown>, options: CallOptions): Promise<void> {
    const progress = () => `Cannot end the input of ${this.#owner}: what was written before is not taken`
    return this.#inTurn(progress, options, async (onTheWay) => void (await onTheWay(close)))
  }

  /**
   * Does `work` when all before it is done. A request that `work` hands to `onTheWay` is waited for no longer than the
   * caller wants to, but what comes after `work` waits for it. `progress` begins the message of a deadline.
   */
  async #inTurn(
    progress: () => string,
    options: CallOptions,
    work: (onTheWay: <T>(request: () => Promise<T>) => Promise<T>) => Promise<void>,
  ): Promise<void> {
    const timeoutMs = options.timeoutMs ?? WRITE_TIMEOUT_MS
    using scope = callScope({ signal: options.signal, timeoutMs })
    const worked = deferred<void>()
    let waitedFor = this.#last
    this.#last = worked.promise.then(() => waitedFor).catch(() => {})
    try {
      await waitFor(waitedFor, scope.signal)
      await work((request) => {
        throwIfAborted(scope.signal)
        const requested = request()
        waitedFor = requested
        return waitFor(requested, scope.signal)
      })
    } catch (error) {
      if (!scope.signal.aborted || options.signal?.aborted) throw error
      const advice = 'the rest may still follow; a process that does not read its input can be terminated'
      throw new BridgeError('deadline', `${progress()} within ${timeoutMs} ms, ${advice}`)
    } finally {
      worked.resolve()
    }
  }
}

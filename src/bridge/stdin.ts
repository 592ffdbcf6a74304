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
  async write(bytes: Uint8Array, options: CallOptions): Promise<void> {
    const timeoutMs = options.timeoutMs ?? WRITE_TIMEOUT_MS
    using scope = callScope({ signal: options.signal, timeoutMs })
    let taken = 0
    try {
      await this.inTurn(scope.signal, async (onTheWay) => {
        while (taken < bytes.byteLength) {
          throwIfAborted(scope.signal)
          const piece = bytes.subarray(taken, taken + BRIDGE_LIMITS.unacknowledgedBytes)
          await onTheWay(this.#send(piece))
          taken += piece.byteLength
        }
      })
    } catch (error) {
      if (!scope.signal.aborted || options.signal?.aborted) throw error
      throw new BridgeError(
        'deadline',
        `${this.#owner} took ${taken} of ${bytes.byteLength} bytes within ${timeoutMs} ms, the rest may still follow: if it does not read its input, terminate it`,
      )
    }
  }

  /**
   * Does `work` when all before it is done. What `work` hands to `onTheWay` is waited for no longer than the signal, but
   * what comes later waits for it.
   */
  async inTurn(
    signal: AbortSignal | undefined,
    work: (onTheWay: <T>(request: Promise<T>) => Promise<T>) => Promise<void>,
  ): Promise<void> {
    const before = this.#last
    const worked = deferred<void>()
    let request: Promise<unknown> = before
    this.#last = worked.promise.then(() => request).catch(() => {})
    try {
      await waitFor(before, signal)
      await work((next) => {
        request = next
        return waitFor(next, signal)
      })
    } finally {
      worked.resolve()
    }
  }
}

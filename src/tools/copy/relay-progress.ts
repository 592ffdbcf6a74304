import type { Relay, RelayTicket } from '../../protocol/relay.ts'
import type { CopyProgress } from './progress.ts'

/** Progress is told at most so often. */
const ASK_EVERY_MS = 500

/** Asks the gateway now and then how much has gone through, for as long as it is not disposed. */
export class RelayProgress implements Disposable {
  readonly #progress: CopyProgress
  readonly #timer: NodeJS.Timeout
  readonly #stopped = new AbortController()
  #told = 0

  constructor(relay: Relay, ticket: RelayTicket, progress: CopyProgress) {
    this.#progress = progress
    const options = { signal: this.#stopped.signal }
    const ask = () =>
      void relay.passed(ticket, options).then(
        (bytes) => this.#tell(bytes ?? 0),
        () => {}, // it was stopped
      )
    this.#timer = setInterval(ask, ASK_EVERY_MS).unref()
  }

  /** All of it went through. */
  end(bytes: number): void {
    this.#tell(bytes)
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    this.#stopped.abort()
  }

  #tell(bytes: number): void {
    if (bytes <= this.#told || this.#stopped.signal.aborted) return
    this.#progress.moved(bytes - this.#told)
    this.#told = bytes
  }
}

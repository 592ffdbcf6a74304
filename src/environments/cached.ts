import { type Clock, systemClock } from '../util/clock.ts'
import { BridgeError } from '../util/errors.ts'
import type { Logger } from '../util/log.ts'
import { callScope, waitFor } from '../util/signals.ts'
import type { EnvironmentList, EnvironmentSource } from './environment.ts'

/** How long an answer, good or bad, serves before the next call asks anew. */
const TTL_MS = 10_000

/**
 * Remembers what `source` answered for 10 s, and asks it one request at a time: callers who come together share it,
 * and one who gives up leaves it to the others. When asking fails, the last good answer serves, marked as stale; when
 * there is none, the failure does; nobody but who wants a refresh waits for a source that failed the last time, unless it is a reason no more (`expire`).
 */
export function createCachedSource(
  source: EnvironmentSource,
  options: { logger: Logger; clock?: Clock },
): CachedEnvironments {
  return new CachedSource(source, options.logger, options.clock ?? systemClock)
}

/** A source whose answers are remembered. */
export interface CachedEnvironments extends EnvironmentSource {
  /** The next caller has it asked anew, and waits for the answer: what failed before may not now. */
  expire(): void
}

class CachedSource implements CachedEnvironments {
  readonly #source: EnvironmentSource
  readonly #logger: Logger
  readonly #clock: Clock
  #good: { list: EnvironmentList; atMs: number } | undefined
  #failure: BridgeError | undefined
  #askedMs = Number.NEGATIVE_INFINITY
  #isExpired = false
  #running: Promise<void> | undefined

  constructor(source: EnvironmentSource, logger: Logger, clock: Clock) {
    this.#source = source
    this.#logger = logger
    this.#clock = clock
  }

  async list(options: Parameters<EnvironmentSource['list']>[0] = {}): Promise<EnvironmentList> {
    const isDemanded = options.refresh || this.#isExpired
    if (isDemanded || this.#clock.now() - this.#askedMs >= TTL_MS) {
      using scope = callScope(options, 'Listing environments')
      this.#running ??= this.#ask()
      if (isDemanded || !this.#failure) await waitFor(this.#running, scope.signal)
    }
    return this.#known()
  }

  expire(): void {
    this.#isExpired = true
  }

  #known(): EnvironmentList {
    if (!this.#good)
      throw this.#failure ?? new Error('Internal: an environment list that was never asked for')
    const { list, atMs } = this.#good
    return this.#failure
      ? { ...list, stale: { sinceMs: this.#clock.now() - atMs, reason: this.#failure.message } }
      : list
  }

  /** Never rejects: what comes of it, good or bad, is kept. */
  async #ask(): Promise<void> {
    this.#isExpired = false
    try {
      this.#keep(await this.#source.list())
    } catch (error) {
      this.#keepFailure(BridgeError.from(error, 'unavailable'))
    } finally {
      this.#askedMs = this.#clock.now()
      this.#running = undefined
    }
  }

  #keep(list: EnvironmentList): void {
    const before = this.#good?.list.notes ?? []
    for (const note of list.notes ?? [])
      if (!before.includes(note)) this.#logger.warn({ note }, 'environment left out')
    if (this.#failure) this.#logger.info({}, 'environments can be listed again')
    this.#good = { list, atMs: this.#clock.now() }
    this.#failure = undefined
  }

  #keepFailure(failure: BridgeError): void {
    if (failure.message !== this.#failure?.message)
      this.#logger.warn({ code: failure.code, reason: failure.message }, 'environments cannot be listed')
    this.#failure = failure
  }
}

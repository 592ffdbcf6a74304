import { Backoff } from '../util/backoff.ts'
import type { Clock } from '../util/clock.ts'
import type { ExecutorProcess } from './executor-process.ts'

/** Waits between starts of one that ends again and again, in ms, and how long one must have run to be well again. */
const TIMES = { firstMs: 1000, mostMs: 30_000, healthyMs: 60_000, briefMs: 60_000 }

export interface KeptExecutorOptions {
  start(): Pick<ExecutorProcess, 'ended' | 'stop'>
  /** Told how each ended, and when the next is started. Must not throw. */
  say(text: string): void
  readonly clock: Clock
  readonly random?: () => number
}

/** An executor in a process of its own that is started again whenever it ends, at once and then after ever longer waits, until this is disposed. */
export class KeptExecutor implements AsyncDisposable {
  readonly #options: KeptExecutorOptions
  readonly #backoff: Backoff
  #process!: ReturnType<KeptExecutorOptions['start']>
  #timer: Disposable | undefined
  #isStopping = false

  constructor(options: KeptExecutorOptions) {
    this.#options = options
    this.#backoff = new Backoff(options.random ? { ...TIMES, random: options.random } : TIMES)
    this.#start()
  }

  /** Ends the one that runs, and all that runs on it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopping = true
    this.#timer?.[Symbol.dispose]()
    await this.#process.stop()
  }

  #start(): void {
    const { start, clock } = this.#options
    const since = clock.now()
    this.#process = start()
    // Never rejects.
    void this.#process.ended.then((how) => this.#ended(how, clock.now() - since))
  }

  #ended(how: number | string, livedMs: number): void {
    if (this.#isStopping) return
    if (livedMs >= TIMES.healthyMs) this.#backoff.lostAfter(livedMs)
    const waitMs = this.#backoff.next()
    const when = waitMs === 0 ? 'now' : `in ${Math.ceil(waitMs / 1000)} s`
    this.#options.say(`The executor of this machine has ended (${how}): it is started again ${when}`)
    this.#timer = this.#options.clock.after(waitMs, () => this.#start())
  }
}

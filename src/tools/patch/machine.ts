import type { Executor, FileMetadata } from '../../protocol/executor.ts'
import { BridgeError } from '../../util/errors.ts'
import { type CallOptions, throwIfAborted } from '../../util/signals.ts'
import { isRefusal, reasonOf, withAftermath } from './reason.ts'

/** Patience with one answer of the executor: a file of 512 MiB may be on its way. */
const ANSWER_MS = 120_000

export interface MachineOptions {
  /** The executor, connected. It is asked for before every step, so that a connection that was lost is made anew. */
  open(): Promise<Executor>
  readonly signal: AbortSignal
}

export type Step<T> = (executor: Executor, options: CallOptions) => Promise<T>

/** An executor, step by step. What it refuses rejects with the reason alone (`reasonOf`). */
export class Machine {
  readonly #options: MachineOptions
  #gone: BridgeError | undefined

  constructor(options: MachineOptions) {
    this.#options = options
  }

  /** Does a step that changes nothing. It ends with the call. */
  ask<T>(step: Step<T>): Promise<T> {
    return this.#do(step, { signal: this.#options.signal, timeoutMs: ANSWER_MS })
  }

  /** Does a step that changes something. Once begun it is waited for, so that what it did is known. */
  async change<T>(step: Step<T>): Promise<T> {
    throwIfAborted(this.#options.signal)
    return this.settle(step)
  }

  /** Does a step that finds out or mends what another has left behind, also when the call is over. */
  settle<T>(step: Step<T>): Promise<T> {
    return this.#do(step, { timeoutMs: ANSWER_MS })
  }

  /** What lies at a path, or undefined when nothing does; also when the call is over, for who has to settle something. */
  async metadata(path: string): Promise<FileMetadata | undefined> {
    const step: Step<FileMetadata> = (executor, options) => executor.metadata(path, options)
    try {
      return await (this.#options.signal.aborted ? this.settle(step) : this.ask(step))
    } catch (error) {
      if (error instanceof BridgeError && error.code === 'not_found') return undefined
      throw error
    }
  }

  /** Whether something lies at a path after a step failed for `reason`; rejects with that and a word of doubt when this cannot be seen. */
  async isThere(path: string, reason: BridgeError): Promise<boolean> {
    if (isRefusal(reason)) throw reason
    try {
      return (await this.metadata(path)) !== undefined
    } catch {
      throw withAftermath(reason, 'whether this was done is not known: look before you repeat it')
    }
  }

  async #do<T>(step: Step<T>, options: CallOptions): Promise<T> {
    const executor = await this.#executor()
    try {
      return await step(executor, options)
    } catch (error) {
      throw reasonOf(error)
    }
  }

  /** A machine that cannot be reached again is not tried again: each try may take as long as a dial. */
  async #executor(): Promise<Executor> {
    if (this.#gone) throw this.#gone
    try {
      return await this.#options.open()
    } catch (error) {
      this.#gone = BridgeError.from(error)
      throw this.#gone
    }
  }
}

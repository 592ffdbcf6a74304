import { BridgeError } from '../../util/errors.ts'
import { callScope } from '../../util/signals.ts'
import type { ToolContext, Workspace } from '../tool.ts'
import type { CopyInput } from './copy-input.ts'
import { CopyProgress, type ReportProgress } from './progress.ts'
import { runCopy } from './run-copy.ts'
import { type Seat, SharedReading } from './shared-reading.ts'

/** What a copy to one or several destinations answers. */
export interface CopyAnswer {
  readonly text: string
  readonly isError: boolean
}

/** A copy that has begun, and may outlive the call that began it. */
export class RunningCopy {
  /** Rejects with what went wrong when there is one destination; with several each has its own words in the text. */
  readonly answer: Promise<CopyAnswer>
  /** Told how far it is, at most twice a second. */
  onProgress: ReportProgress
  readonly #scope = callScope()
  readonly #context: ToolContext
  readonly #input: CopyInput
  readonly #progress: CopyProgress

  constructor(context: ToolContext, input: CopyInput) {
    this.#context = context
    this.#input = input
    this.onProgress = context.progress
    this.#progress = new CopyProgress((...how) => this.onProgress(...how))
    this.answer = this.#run()
    // It may fail before anybody waits for it.
    this.answer.catch(() => {})
  }

  /** How far it is, in words. */
  get standing(): string {
    return this.#progress.toString()
  }

  /** Ends it: the answer then comes as soon as all is cleaned up. */
  cancel(reason: BridgeError): void {
    this.#scope.abort(reason)
  }

  async #run(): Promise<CopyAnswer> {
    const from = await this.#context.open(this.#input.source.environment, 'source_environment_id')
    const { environments } = this.#input.destination
    const reading = new SharedReading(environments.length)
    const copies = environments.map((name) => this.#copyTo(from, name, reading.seat()))
    if (copies.length === 1) return { text: await copies[0]!, isError: false }
    const outcomes = await Promise.all(
      copies.map((copy) => copy.catch((reason: unknown) => BridgeError.from(reason))),
    )
    const texts = outcomes.map((outcome) => (outcome instanceof BridgeError ? outcome.text : outcome))
    return { text: texts.join('\n\n'), isError: outcomes.some((outcome) => outcome instanceof BridgeError) }
  }

  async #copyTo(from: Workspace, name: string | undefined, seat: Seat): Promise<string> {
    try {
      const to = await this.#context.open(name, 'destination_environment_id')
      return await runCopy(from, to, this.#input, {
        signal: this.#scope.signal,
        progress: this.#progress,
        seat,
        relay: this.#context.relay,
      })
    } finally {
      seat.leave()
    }
  }
}

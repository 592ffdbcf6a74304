import type { ExecutorFeatures, ProcessSignal, ReadRequest, ReadResult } from '../../protocol/executor.ts'
import { OutputBuffer } from '../../protocol/output-buffer.ts'
import { BridgeError } from '../../util/errors.ts'
import type { CallOptions } from '../../util/signals.ts'
import type { ProcessHost } from '../session.ts'
import type { RunningCopy } from './running-copy.ts'

/** Lines about how far it is; the session that reads them keeps far more. */
const MAX_BYTES = 256 * 1024
const PROGRESS_INTERVAL_MS = 5000

/** A copy that goes on after its call, in the shape of a process: what it says is its output, and ending it cancels the copy. */
export class CopySession implements ProcessHost {
  readonly features: ExecutorFeatures
  readonly done: Promise<void>
  readonly #copy: RunningCopy
  readonly #output = new OutputBuffer({ maxBytes: MAX_BYTES })
  #seq = 0
  #lastMs = Number.NEGATIVE_INFINITY

  /** `features`: of the machine, for what a process of it could do; of these a copy has only the signals that end it. */
  constructor(copy: RunningCopy, features: ExecutorFeatures, now: () => number) {
    this.#copy = copy
    this.features = { ...features, signals: ['INT', 'TERM'], closeStdin: false, resize: false }
    copy.onProgress = (_done, _total, message = '') => {
      if (now() - this.#lastMs < PROGRESS_INTERVAL_MS) return
      this.#lastMs = now()
      this.#say(`${message}\n`)
    }
    this.done = copy.answer.then(
      ({ text, isError }) => this.#end(text, isError ? 1 : 0),
      (reason: unknown) => this.#end(BridgeError.from(reason).text, 1),
    )
  }

  read(_id: string, request: ReadRequest, options?: CallOptions): Promise<ReadResult> {
    return this.#output.read(request, options)
  }

  async sync(): Promise<void> {}

  async signal(_id: string, _signal: ProcessSignal): Promise<void> {
    this.#cancel()
  }

  async terminate(): Promise<boolean> {
    const wasRunning = !this.#output.exited
    this.#cancel()
    return wasRunning
  }

  /** Nobody could ask for it any more. */
  forget(): void {
    this.#cancel()
  }

  async write(): Promise<void> {
    throw new BridgeError('conflict', 'a copy has no input')
  }

  closeStdin(): Promise<void> {
    return this.write()
  }

  resize(): Promise<void> {
    return this.write()
  }

  #cancel(): void {
    this.#copy.cancel(new BridgeError('canceled', 'The copy was ended'))
  }

  #end(text: string, exitCode: number): void {
    this.#say(`${text}\n`)
    this.#output.exit(++this.#seq, exitCode)
    this.#output.close(++this.#seq)
  }

  #say(text: string): void {
    this.#output.push({ seq: ++this.#seq, stream: 'stdout', bytes: Buffer.from(text) })
  }
}

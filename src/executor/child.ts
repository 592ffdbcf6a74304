import type { Readable } from 'node:stream'
import type { OutputStream, ProcessSignal } from '../protocol/executor.ts'
import { OutputBuffer } from '../protocol/output-buffer.ts'
import type { Clock } from '../util/clock.ts'
import { deferred } from '../util/deferred.ts'
import { BridgeError } from '../util/errors.ts'
import { ChildInput } from './child-input.ts'
import { killTree, signalTree } from './kill-tree.ts'
import { EXECUTOR_LIMITS } from './limits.ts'
import type { Running } from './program.ts'

/**
 * The life of one process: its output is numbered as it comes and waits to be read, then it exits, and closes when nobody
 * holds its output any more.
 *
 *     running ──► exited (seq n) ──► closed (seq > n, the last)
 *        └─ output may come before and after the exit: children of it may hold its output, and write on
 */
export class Child {
  readonly output: OutputBuffer
  readonly input: ChildInput
  /** Resolves when it is over and nobody holds its output. */
  readonly closed: Promise<void>
  readonly #running: Running
  readonly #clock: Clock
  readonly #closing = deferred<void>()
  #lastSeq = 0
  #exitSeq: number | undefined
  #open: number
  #isHeldBack = false
  #isKilled = false
  #isForgotten = false
  #lettingGo: Disposable | undefined

  constructor(running: Running, clock: Clock) {
    this.#running = running
    this.#clock = clock
    this.closed = this.#closing.promise
    this.input = new ChildInput(running.input, running.canCloseInput)
    this.output = new OutputBuffer({
      maxBytes: EXECUTOR_LIMITS.outputBytes,
      onPressure: (isHigh) => this.#holdBack(isHigh),
    })
    this.#open = running.outputs.length
    for (const { stream, readable } of running.outputs) this.#listen(stream, readable)
    // Never rejects.
    void running.exited.then((exitCode) => this.#onExit(exitCode))
  }

  /** The process itself is not over; its children may outlive it. */
  get isRunning(): boolean {
    return this.#exitSeq === undefined
  }

  /** The number of its exit in the order of its output; undefined while it runs. */
  get exitSeq(): number | undefined {
    return this.#exitSeq
  }

  /** Sends a signal to it and its group; when it has closed, nothing. */
  signal(signal: ProcessSignal): void {
    if (!this.output.closed) signalTree(this.#running.pid, `SIG${signal}`)
  }

  /** Kills it and its group, also what is left of the group when it has exited. Those beyond have a moment to let go. */
  kill(): void {
    if (this.output.closed) return
    killTree(this.#running.pid)
    this.#isKilled = true
    if (!this.isRunning) this.#letGoSoon()
  }

  /** Resolves when all that it had written by now has been taken in, as far as it is not held back. */
  async sync(): Promise<void> {
    for (let turn = 0; turn < EXECUTOR_LIMITS.syncTurns && !this.output.closed; turn++) {
      const { lastSeq } = this.output
      // What is there by now is read before the second turn is over, or a part of it: then there is more.
      await loopTurn()
      await loopTurn()
      if (this.output.lastSeq === lastSeq) return
    }
  }

  /** Drops its output from now on, so that it is not held back by what nobody will read. */
  forget(): void {
    this.#isForgotten = true
    this.output.fail(new BridgeError('not_found', 'The process was forgotten'))
    this.#holdBack(false)
  }

  #listen(stream: OutputStream, readable: Readable): void {
    readable.on('data', (bytes: Buffer) => {
      if (this.#isForgotten) return
      this.output.push({ seq: ++this.#lastSeq, stream, bytes })
      // At every chunk, since what is paused need not stay so.
      if (this.#isHeldBack) readable.pause()
    })
    // A terminal whose program is gone ends in an error (EIO). 'close' follows.
    readable.on('error', () => {})
    readable.on('close', () => this.#onOutputEnd())
  }

  #holdBack(isHigh: boolean): void {
    this.#isHeldBack = isHigh && !this.#isForgotten
    if (!this.#isHeldBack) for (const { readable } of this.#running.outputs) readable.resume()
  }

  #onOutputEnd(): void {
    this.#open--
    this.#closeWhenOver()
  }

  #onExit(exitCode: number): void {
    this.#exitSeq = ++this.#lastSeq
    this.output.exit(this.#exitSeq, exitCode)
    this.input.destroy()
    if (this.#isKilled) this.#letGoSoon()
    this.#closeWhenOver()
  }

  /** Children in sessions of their own survive a kill; their hold on the output ends here. */
  #letGoSoon(): void {
    this.#lettingGo ??= this.#clock.after(EXECUTOR_LIMITS.letGoMs, () => {
      for (const { readable } of this.#running.outputs) readable.destroy()
    })
  }

  #closeWhenOver(): void {
    if (this.#open > 0 || this.isRunning) return
    this.#lettingGo?.[Symbol.dispose]()
    this.output.close(++this.#lastSeq)
    this.#closing.resolve()
  }
}

function loopTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve))
}

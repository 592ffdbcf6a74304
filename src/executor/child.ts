import type { Readable } from 'node:stream'
import type {
  OutputChunk,
  OutputStream,
  ProcessSignal,
  ProcessSummary,
  ReadRequest,
  ReadResult,
  TerminalSize,
} from '../protocol/executor.ts'
import { OutputBuffer } from '../protocol/output-buffer.ts'
import type { Clock } from '../util/clock.ts'
import { deferred } from '../util/deferred.ts'
import { BridgeError } from '../util/errors.ts'
import type { CallOptions } from '../util/signals.ts'
import { ChildInput } from './child-input.ts'
import { killTree, type Leader, signalTree } from './kill-tree.ts'
import { EXECUTOR_LIMITS } from './limits.ts'
import type { Program, Running } from './program.ts'
import { Refusal } from './refusal.ts'
import type { Spool } from './spool.ts'
import type { SpoolFile } from './spool-file.ts'

/** What a process is, for a list. */
export interface ChildTraits {
  readonly program: Pick<Program, 'argv' | 'cwd'>
  readonly tty: boolean
  readonly pipeStdin: boolean
}

/**
 * The life of one process: its output is numbered as it comes and waits to be read, then it exits, and closes when nobody
 * holds its output any more.
 *
 *     running ──► exited (seq n) ──► closed (seq > n, the last)
 *        └─ output may come before and after the exit: children of it may hold its output, and write on
 */
export class Child {
  /** What it wrote lately; see `read` for all of it. */
  readonly output: OutputBuffer
  readonly input: ChildInput
  readonly #about: ChildTraits
  readonly #startedAt = new Date()
  /** What is older, where there is a place for it. */
  readonly #older: SpoolFile | undefined
  /** Resolves when it is over and nobody holds its output. */
  readonly closed: Promise<void>
  readonly #running: Running
  readonly #clock: Clock
  readonly #closing = deferred<void>()
  #lastSeq = 0
  #exitSeq: number | undefined
  #open: number
  #endedAt: Date | undefined
  #outputBytes = 0
  /** Nobody has read the newest; the disk is slower than the process. */
  #isAhead = false
  #isSpoolFull = false
  #isHeldBack = false
  #isKilled = false
  #isForgotten = false
  #lettingGo: Disposable | undefined

  /** With a spool, output that has no more room in memory goes there. */
  constructor(
    running: Running,
    about: ChildTraits,
    { clock, spool }: { clock: Clock; spool: Spool | undefined },
  ) {
    this.#about = about
    this.#running = running
    this.#clock = clock
    this.closed = this.#closing.promise
    this.input = new ChildInput(running.input, running.canCloseInput)
    const older = spool?.file((isHigh) => this.#holdBack({ isSpoolFull: isHigh }))
    this.#older = older
    this.output = new OutputBuffer({
      maxBytes: older ? EXECUTOR_LIMITS.spooledOutputBytes : EXECUTOR_LIMITS.outputBytes,
      onPressure: (isHigh) => this.#holdBack({ isAhead: isHigh }),
      ...(older ? { onDrop: (chunk) => older.append(chunk) } : {}),
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

  /**
   * As `Executor.read`, from the oldest that is kept: what is on disk comes in parts, each with how far it goes. `isPart`:
   * there is more already.
   */
  async read(request: ReadRequest, options: CallOptions = {}): Promise<ReadResult & { isPart: boolean }> {
    const older = await this.#readOlder(request.afterSeq)
    const dropped = () => this.#older?.droppedBytes ?? 0
    const lastSeq = older.at(-1)?.seq
    if (lastSeq === undefined) {
      const { droppedBytes, ...result } = await this.output.read(request, options)
      return { ...result, droppedBytes: droppedBytes + dropped(), isPart: false }
    }
    const exited = this.#exitSeq !== undefined && this.#exitSeq <= lastSeq
    const exitCode = exited ? this.output.exitCode : undefined
    return { chunks: older, lastSeq, droppedBytes: dropped(), exited, exitCode, closed: false, isPart: true }
  }

  /** What a list tells of it. */
  summary(processId: string): ProcessSummary {
    const { argv, cwd } = this.#about.program
    const { exited, exitCode } = this.output
    return {
      processId,
      argv,
      cwd,
      tty: this.#about.tty,
      pipeStdin: this.#about.pipeStdin,
      startedAtMs: this.#startedAt.getTime(),
      endedAtMs: this.#endedAt?.getTime(),
      exited,
      exitCode,
      outputBytes: this.#outputBytes,
    }
  }

  /** It is over: gives up the memory that its output takes, where there is another place for it. */
  settle(): void {
    if (this.#older) this.output.dropAll()
  }

  async #readOlder(afterSeq: number): Promise<readonly OutputChunk[]> {
    if (!this.#older || this.#older.lastSeq <= afterSeq) return []
    // What cannot be read from the disk is lost, not what came after it.
    return await this.#older.read(afterSeq).catch(() => [])
  }

  /** Sends a signal to it and its group; when it has closed, nothing. */
  signal(signal: ProcessSignal): void {
    if (!this.output.closed) signalTree(this.#leader, `SIG${signal}`)
  }

  /** Changes the size of its terminal; when it is over, nothing. `conflict` when it has none. */
  resize(size: TerminalSize): void {
    const { resize } = this.#running
    if (!resize)
      throw new Refusal('conflict', 'Cannot change the size of the terminal', 'it has none (tty: false)')
    if (this.isRunning) resize(size)
  }

  /** Kills it and its group, also what is left of the group when it has exited. Those beyond have a moment to let go. */
  kill(): void {
    if (this.output.closed) return
    killTree(this.#leader)
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
    this.#older?.close()
    this.#holdBack({ isAhead: false, isSpoolFull: false })
  }

  get #leader(): Leader {
    return { pid: this.#running.pid, isRunning: this.isRunning }
  }

  #listen(stream: OutputStream, readable: Readable): void {
    readable.on('data', (bytes: Buffer) => {
      if (this.#isForgotten) return
      this.#outputBytes += bytes.byteLength
      this.output.push({ seq: ++this.#lastSeq, stream, bytes })
      // At every chunk, since what is paused need not stay so.
      if (this.#isHeldBack) readable.pause()
    })
    // A terminal whose program is gone ends in an error (EIO). 'close' follows.
    readable.on('error', () => {})
    readable.on('close', () => this.#onOutputEnd())
  }

  #holdBack({ isAhead = this.#isAhead, isSpoolFull = this.#isSpoolFull }): void {
    this.#isAhead = isAhead
    this.#isSpoolFull = isSpoolFull
    this.#isHeldBack = (isAhead || isSpoolFull) && !this.#isForgotten
    if (!this.#isHeldBack) for (const { readable } of this.#running.outputs) readable.resume()
  }

  #onOutputEnd(): void {
    this.#open--
    this.#closeWhenOver()
  }

  #onExit(exitCode: number): void {
    this.#exitSeq = ++this.#lastSeq
    this.#endedAt = new Date()
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

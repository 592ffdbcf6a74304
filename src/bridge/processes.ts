import type {
  ProcessSignal,
  ProcessSummary,
  ReadRequest,
  ReadResult,
  StartRequest,
  TerminalSize,
} from '../protocol/executor.ts'
import { pathFromWire } from '../protocol/paths.ts'
import { RpcError } from '../rpc/peer.ts'
import type { Clock } from '../util/clock.ts'
import { durationText } from '../util/duration.ts'
import { BridgeError } from '../util/errors.ts'
import { type CallOptions, callScope, waitFor } from '../util/signals.ts'
import { CallFailure } from './call-failure.ts'
import type { Dialect } from './dialect.ts'
import type { DurableConnection } from './durable-connection.ts'
import { endProcess } from './end-process.ts'
import { attempt, attemptOn } from './errors.ts'
import { MissedOutput } from './missed-output.ts'
import { type ProcessNotice, parseNotice } from './notices.ts'
import { RemoteProcess } from './process.ts'
import { closeInput, sendInput } from './process-input.ts'
import { ProcessTable } from './process-table.ts'
import { type Starter, startOnce } from './start-once.ts'
import { type StartTraits, startParams } from './start-params.ts'

/** What an executor can do with processes. */
export interface ProcessTraits extends StartTraits {
  readonly signals: readonly ProcessSignal[]
  readonly closeStdin: boolean
  readonly resize: boolean
  readonly sharedProcesses: boolean
  /** How long the id of a process that is over is kept, in ms. */
  readonly rememberedMs: number
}

export interface ProcessesOptions {
  readonly connection: DurableConnection
  readonly dialect: Dialect
  readonly traits: ProcessTraits
  readonly clock: Clock
  /** ms since 1970. */
  readonly wallNow: () => number
}

/**
 * The processes of one session. Their output comes as notifications, whenever it does, and waits here to
 * be read: a read never goes to the wire, where it would hold back everything behind it.
 */
export class Processes {
  readonly #connection: DurableConnection
  readonly #dialect: Dialect
  readonly #traits: ProcessTraits
  readonly #starter: Starter
  readonly #table = new ProcessTable()
  readonly #missed: MissedOutput

  constructor({ connection, dialect, traits, clock, wallNow }: ProcessesOptions) {
    this.#connection = connection
    this.#dialect = dialect
    this.#traits = traits
    const { rememberedMs, sharedProcesses: givesParts } = traits
    this.#missed = new MissedOutput({ connection, table: this.#table, clock, givesParts })
    const catchUp = (process: RemoteProcess) => this.#missed.catchUp(process, {})
    this.#starter = { connection, clock, wallNow, rememberedMs, catchUp }
    connection.listen({
      notification: (method, params) => this.#take(parseNotice(method, params)),
      resumed: () => this.#missed.resume(),
      closed: (_reason, lost) => this.#table.lose(lost),
      atStake: () => this.#table.atStake(),
    })
  }

  /** Some process runs, or may, or somebody may still write to its output. */
  get isAnyLive(): boolean {
    return this.#table.isAnyLive
  }

  /** See `Executor.start`. One that is given up leaves nothing running: what did start is terminated. */
  async start(request: StartRequest, options: CallOptions = {}): Promise<void> {
    const { processId } = request
    const program = request.argv[0] ?? ''
    const action = `Cannot start ${JSON.stringify(program)}`
    if (this.#table.has(processId))
      throw new BridgeError('conflict', `${action}: process id ${JSON.stringify(processId)} is taken`)
    const params = startParams(request, this.#dialect, this.#traits)
    const process = this.#newProcess(processId, program)
    const attemptStart = this.#connection.closedReason ? attempt : attemptOn
    const answer = startOnce(process, params, this.#starter)
    using scope = callScope(options, `Starting ${JSON.stringify(program)}`)
    try {
      await attemptStart(action, { check: 'what it may have done' }, () => waitFor(answer, scope.signal))
    } catch (error) {
      process.isUnwanted = true
      this.#table.forget(processId)
      // Never rejects.
      void this.#abandon(processId, answer)
      throw error
    }
  }

  /** See `Executor.read`. */
  async read(processId: string, request: ReadRequest, options: CallOptions = {}): Promise<ReadResult> {
    return this.#table.get(processId).output.buffer.read(request, options)
  }

  /** See `Executor.sync`. */
  async sync(processId: string, options: CallOptions = {}): Promise<void> {
    const process = this.#table.get(processId)
    if (!process.isLive) return
    const action = `Cannot ask what ${process.label} has written`
    await attemptOn(action, 'none', () => this.#missed.catchUp(process, options))
  }

  /** See `Executor.write`. */
  async write(processId: string, bytes: Uint8Array, options: CallOptions = {}): Promise<void> {
    const { label, stdin, output } = this.#table.get(processId)
    // An executor takes it, for nobody.
    if (output.buffer.exited) throw new BridgeError('conflict', `Cannot write to ${label}: it has exited`)
    await attemptOn(`Cannot write to ${label}`, { check: 'its output' }, () => stdin.write(bytes, options))
  }

  /** See `Executor.closeStdin`. */
  async closeStdin(processId: string, options: CallOptions = {}): Promise<void> {
    const { label, stdin } = this.#table.get(processId)
    const action = `Cannot end the input of ${label}`
    if (!this.#traits.closeStdin)
      throw new BridgeError('conflict', `${action}: this executor cannot; terminate works`)
    const close = () => closeInput(this.#connection, processId)
    await attemptOn(action, { check: 'its output' }, () => stdin.end(close, options))
  }

  /** See `Executor.signal`. */
  async signal(processId: string, signal: ProcessSignal, options: CallOptions = {}): Promise<void> {
    const process = this.#table.get(processId)
    const action = `Cannot send ${signal} to ${process.label}`
    const { signals } = this.#traits
    if (!signals.includes(signal))
      throw new BridgeError(
        'conflict',
        `${action}: this executor can send ${signals.join(', ') || 'no signal'}; terminate works`,
      )
    if (!process.isLive) return
    const params = { processId, signal: signal === 'INT' ? 'interrupt' : signal }
    await attemptOn(action, { check: 'its output' }, () =>
      this.#connection.call('process/signal', params, options),
    )
  }

  /** See `Executor.resize`. */
  async resize(processId: string, size: TerminalSize, options: CallOptions = {}): Promise<void> {
    const { label } = this.#table.get(processId)
    const action = `Cannot change the size of the terminal of ${label}`
    if (!this.#traits.resize) throw new BridgeError('conflict', `${action}: this executor cannot`)
    const params = { processId, size: { cols: size.cols, rows: size.rows } }
    await attemptOn(action, 'none', () => this.#connection.call('process/resize', params, options))
  }

  /** See `Executor.listProcesses`. */
  async list(options: CallOptions = {}): Promise<ProcessSummary[]> {
    const action = 'Cannot list the processes of the machine'
    this.#requireShared(action)
    const { processes } = await attempt(action, 'none', () =>
      this.#connection.call('process/list', {}, options),
    )
    return processes.map(({ cwd, endedAtMs, exitCode, closed: _closed, clients: _clients, ...rest }) => ({
      ...rest,
      cwd: pathFromWire(cwd),
      endedAtMs: endedAtMs ?? undefined,
      exitCode: exitCode ?? undefined,
    }))
  }

  /** See `Executor.attach`. */
  async attach(processId: string, options: CallOptions = {}): Promise<void> {
    if (this.#table.has(processId)) return
    const action = `Cannot take up process ${JSON.stringify(processId)}`
    this.#requireShared(action)
    const process = this.#newProcess(processId, 'taken up')
    process.isAttached = true
    try {
      await attempt(action, 'none', () => this.#missed.attach(process, options))
      process.isStarted = true
    } catch (error) {
      this.#table.remove(processId)
      if (isUnknownProcess(error))
        throw new BridgeError('not_found', `${action}: the machine does not know it, or no longer`, {
          cause: error,
        })
      throw error
    }
  }

  /**
   * See `Executor.terminate`. It is carried out also when the caller does not wait any longer: while the machine is away, as soon
   * as it is back.
   */
  async terminate(processId: string, options: CallOptions = {}): Promise<boolean> {
    const process = this.#table.find(processId)
    const label = process?.label ?? `process ${JSON.stringify(processId)}`
    const action = `Cannot terminate ${label}`
    using scope = callScope(options)
    const terminated = endProcess(this.#connection, processId, process)
    try {
      return await attemptOn(action, 'ends', () => waitFor(terminated, scope.signal))
    } catch (error) {
      if (!scope.signal.aborted || options.signal?.aborted) throw error
      const within = durationText(options.timeoutMs ?? 0)
      throw new BridgeError(
        'deadline',
        `${action}: no answer within ${within}; it ends as soon as the machine hears of it`,
      )
    }
  }

  /** See `Executor.forget`. */
  forget(processId: string): void {
    const isLive = this.#table.find(processId)?.isLive && !this.#connection.closedReason
    if (isLive) this.#table.forget(processId)
    else this.#table.remove(processId)
  }

  /** Known before its request leaves: its output may come before the answer. */
  #newProcess(processId: string, program: string): RemoteProcess {
    const process = new RemoteProcess(processId, program, (piece) =>
      sendInput(this.#connection, process, piece),
    )
    this.#table.add(process)
    return process
  }

  #take(notice: ProcessNotice | undefined): void {
    if (!notice) return
    const { processId, event } = notice
    const process = this.#table.find(processId)
    if (process) {
      process.output.take(event)
      this.#missed.watch(process)
    } else if (event.kind === 'closed') this.#table.ended(processId)
  }

  #requireShared(action: string): void {
    if (!this.#traits.sharedProcesses)
      throw new BridgeError('conflict', `${action}: its executor does not share processes among clients`)
  }

  /** Never rejects. What may have been started, and nobody waits for, is ended. */
  async #abandon(processId: string, answer: Promise<unknown>): Promise<void> {
    const isNothing = await answer.then(
      () => false,
      (error) => error instanceof RpcError || (error instanceof CallFailure && !error.wasSent),
    )
    const ended = isNothing || !(await this.terminate(processId).catch(() => true))
    if (ended) this.#table.ended(processId)
  }
}

function isUnknownProcess(error: unknown): boolean {
  const { cause } = BridgeError.from(error)
  return [error, cause].some((one) => one instanceof RpcError && /unknown process id/.test(one.message))
}

import { randomUUID } from 'node:crypto'
import type {
  ProcessSignal,
  ProcessSummary,
  ReadRequest,
  ReadResult,
  StartRequest,
  TerminalSize,
} from '../protocol/executor.ts'
import { pathFromWire } from '../protocol/paths.ts'
import { Base64 } from '../rpc/base64.ts'
import { RpcError } from '../rpc/peer.ts'
import type { Clock } from '../util/clock.ts'
import { BridgeError } from '../util/errors.ts'
import { type CallOptions, callScope, waitFor } from '../util/signals.ts'
import { CallFailure } from './call-failure.ts'
import { duration } from './connection.ts'
import type { Dialect } from './dialect.ts'
import type { DurableConnection } from './durable-connection.ts'
import { attempt, attemptOn } from './errors.ts'
import { BRIDGE_LIMITS } from './limits.ts'
import { type ProcessNotice, parseNotice } from './notices.ts'
import { RemoteProcess } from './process.ts'
import { type Starter, startOnce } from './start-once.ts'
import { type StartTraits, startParams } from './start-params.ts'

/** A cursor that no process comes to: of what it wrote nothing is asked for. */
const BEYOND = 2 ** 40

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
  readonly #clock: Clock
  readonly #starter: Starter
  readonly #known = new Map<string, RemoteProcess>()
  /** Ids of processes that nobody asks for any more, while they run, or may. */
  readonly #forgotten = new Set<string>()

  constructor({ connection, dialect, traits, clock, wallNow }: ProcessesOptions) {
    this.#connection = connection
    this.#dialect = dialect
    this.#traits = traits
    this.#clock = clock
    const { rememberedMs } = traits
    const catchUp = (process: RemoteProcess) => this.#catchUp(process, {})
    this.#starter = { connection, clock, wallNow, rememberedMs, catchUp }
    connection.listen({
      notification: (method, params) => this.#take(parseNotice(method, params)),
      resumed: () => this.#fillGaps(),
      closed: (_reason, lost) => this.#lose(lost),
      atStake: () => this.#atStake(),
    })
  }

  /** Some process runs, or may, or somebody may still write to its output. */
  get isAnyLive(): boolean {
    return this.#forgotten.size > 0 || [...this.#known.values()].some((process) => process.isLive)
  }

  /** See `Executor.start`. One that is given up leaves nothing running: what did start is terminated. */
  async start(request: StartRequest, options: CallOptions = {}): Promise<void> {
    const { processId } = request
    const program = request.argv[0] ?? ''
    const action = `Cannot start ${JSON.stringify(program)}`
    if (this.#known.has(processId))
      throw new BridgeError('conflict', `${action}: process id ${JSON.stringify(processId)} is taken`)
    const params = startParams(request, this.#dialect, this.#traits)
    const process = new RemoteProcess(processId, program, (piece) => this.#sendInput(process, piece))
    // Known before the request leaves: its output may come before the answer.
    this.#known.set(processId, process)
    const attemptStart = this.#connection.closedReason ? attempt : attemptOn
    const answer = startOnce(process, params, this.#starter)
    using scope = callScope(options, `Starting ${JSON.stringify(program)}`)
    try {
      await attemptStart(action, 'unknown', () => waitFor(answer, scope.signal))
    } catch (error) {
      process.isUnwanted = true
      this.#known.delete(processId)
      this.#forgotten.add(processId)
      // Never rejects.
      void this.#abandon(processId, answer)
      throw error
    }
  }

  /** See `Executor.read`. */
  async read(processId: string, request: ReadRequest, options: CallOptions = {}): Promise<ReadResult> {
    return this.#get(processId).output.buffer.read(request, options)
  }

  /** See `Executor.sync`. */
  async sync(processId: string, options: CallOptions = {}): Promise<void> {
    const process = this.#get(processId)
    if (!process.isLive) return
    const action = `Cannot ask what ${process.label} has written`
    await attemptOn(action, 'none', () => this.#catchUp(process, options))
  }

  /** See `Executor.write`. */
  async write(processId: string, bytes: Uint8Array, options: CallOptions = {}): Promise<void> {
    const { label, stdin, output } = this.#get(processId)
    // An executor takes it, for nobody.
    if (output.buffer.exited) throw new BridgeError('conflict', `Cannot write to ${label}: it has exited`)
    await attemptOn(`Cannot write to ${label}`, 'unknown', () => stdin.write(bytes, options))
  }

  /** See `Executor.closeStdin`. */
  async closeStdin(processId: string, options: CallOptions = {}): Promise<void> {
    const { label, stdin } = this.#get(processId)
    const action = `Cannot end the input of ${label}`
    if (!this.#traits.closeStdin)
      throw new BridgeError('conflict', `${action}: this executor cannot; terminate works`)
    const close = () => this.#requestCloseStdin(processId)
    await attemptOn(action, 'unknown', () => stdin.end(close, options))
  }

  /** See `Executor.signal`. */
  async signal(processId: string, signal: ProcessSignal, options: CallOptions = {}): Promise<void> {
    const process = this.#get(processId)
    const action = `Cannot send ${signal} to ${process.label}`
    const { signals } = this.#traits
    if (!signals.includes(signal))
      throw new BridgeError(
        'conflict',
        `${action}: this executor can send ${signals.join(', ') || 'no signal'}; terminate works`,
      )
    if (!process.isLive) return
    const params = { processId, signal: signal === 'INT' ? 'interrupt' : signal }
    await attemptOn(action, 'unknown', () => this.#connection.call('process/signal', params, options))
  }

  /** See `Executor.resize`. */
  async resize(processId: string, size: TerminalSize, options: CallOptions = {}): Promise<void> {
    const { label } = this.#get(processId)
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
    if (this.#known.has(processId)) return
    const action = `Cannot take up process ${JSON.stringify(processId)}`
    this.#requireShared(action)
    const process = new RemoteProcess(processId, 'taken up', (piece) => this.#sendInput(process, piece))
    process.isAttached = true
    // Known before the request leaves: its output may come before the answer.
    this.#known.set(processId, process)
    try {
      await attempt(action, 'none', () => this.#requestAttach(process, options))
      process.isStarted = true
    } catch (error) {
      this.#known.delete(processId)
      if (isUnknownProcess(error))
        throw new BridgeError('not_found', `${action}: the machine does not know it, or no longer`, {
          cause: error,
        })
      throw error
    }
  }

  /**
   * See `Executor.terminate`. It is carried out also when the caller does not wait any longer: while the machine is away, as soon
   * as it is back. An executor that answers in order does not come to it while a write hangs that no process takes: then the
   * connection is dropped, and the way is free on the next one.
   */
  async terminate(processId: string, options: CallOptions = {}): Promise<boolean> {
    const process = this.#known.get(processId)
    const label = process?.label ?? `process ${JSON.stringify(processId)}`
    const action = `Cannot terminate ${label}`
    using scope = callScope(options)
    const terminated = this.#requestTerminate(processId, process)
    try {
      return await attemptOn(action, 'ends', () => waitFor(terminated, scope.signal))
    } catch (error) {
      if (!scope.signal.aborted || options.signal?.aborted) throw error
      const within = duration(options.timeoutMs ?? 0)
      throw new BridgeError(
        'deadline',
        `${action}: no answer within ${within}; it ends as soon as the machine hears of it`,
      )
    }
  }

  /** See `Executor.forget`. */
  forget(processId: string): void {
    const process = this.#known.get(processId)
    this.#known.delete(processId)
    if (process?.isLive && !this.#connection.closedReason) this.#forgotten.add(processId)
  }

  #take(notice: ProcessNotice | undefined): void {
    if (!notice) return
    const { processId, event } = notice
    const process = this.#known.get(processId)
    if (process) {
      process.output.take(event)
      this.#watchHole(process)
    } else if (event.kind === 'closed') this.#forgotten.delete(processId)
  }

  /** The session is over: nothing more will be heard of any process. */
  #lose(lost: string): void {
    this.#forgotten.clear()
    for (const process of this.#known.values()) process.lose(lost)
  }

  #get(processId: string): RemoteProcess {
    const process = this.#known.get(processId)
    if (process) return process
    throw new BridgeError(
      'not_found',
      `No process ${JSON.stringify(processId)} was started on this connection`,
    )
  }

  async #requestCloseStdin(processId: string): Promise<void> {
    let isRepeated = false
    const beforeSend = (isRepeat: boolean) => {
      isRepeated = isRepeat
    }
    try {
      await this.#connection.call('process/closeStdin', { processId }, { beforeSend })
    } catch (error) {
      // The first request has closed it.
      if (!isRepeated || !(error instanceof RpcError) || !/input is closed/.test(error.message)) throw error
    }
  }

  async #requestTerminate(processId: string, process: RemoteProcess | undefined): Promise<boolean> {
    const wasRunning = process?.isStarted && !process.output.buffer.exited
    let isRepeated = false
    const beforeSend = (isRepeat: boolean) => {
      isRepeated = isRepeat
    }
    if (process) process.isEnding = true
    using _escape = this.#connection.isWaitingFor('process/write') ? this.#dropIfStuck() : undefined
    const { running } = await this.#connection.call('process/terminate', { processId }, { beforeSend })
    // The first request may have ended what the second did not find.
    return running || (isRepeated && wasRunning === true)
  }

  async #sendInput(process: RemoteProcess, piece: Uint8Array): Promise<void> {
    const { id, label, output } = process
    const write = { processId: id, chunk: new Base64(piece), writeId: randomUUID() }
    let isRepeated = false
    const beforeSend = (isRepeat: boolean) => {
      isRepeated = isRepeat
      // It would hold back the request that ends the process.
      if (isRepeat && process.isEnding)
        throw new BridgeError('conflict', `Cannot write to ${label}: it is being terminated`)
    }
    const { status } = await this.#connection.call('process/write', write, { beforeSend })
    // The first request, whose answer was lost, may have been in time.
    const fate = isRepeated ? '; unknown: it may have taken what was sent before the connection was lost' : ''
    switch (status) {
      case 'accepted':
        return
      case 'stdinClosed':
        throw new BridgeError('conflict', `Cannot write to ${label}: its input is closed${fate}`)
      case 'starting':
        throw new BridgeError(
          'unavailable',
          `Cannot write to ${label}: it is still starting, try again${fate}`,
        )
      case 'unknownProcess':
        throw output.buffer.exited
          ? new BridgeError('conflict', `Cannot write to ${label}: it has exited${fate}`)
          : new BridgeError('process_lost', `Cannot write to ${label}: the executor does not know it${fate}`)
    }
  }

  /** Asks what the process has written that is not here, and takes it in. */
  async #catchUp({ id, output }: RemoteProcess, options: CallOptions): Promise<void> {
    // In parts, by an executor that keeps more than fits into one answer.
    const maxBytes = this.#traits.sharedProcesses ? BRIDGE_LIMITS.readPartBytes : null
    for (let isPart = true; isPart; ) {
      const request = { processId: id, afterSeq: output.lastSeq, maxBytes, waitMs: 0 }
      const { lastSeq } = output
      const answer = await this.#connection.call('process/read', request, options)
      output.merge(answer)
      isPart = answer.isPart === true && output.lastSeq > lastSeq
    }
  }

  /** From after what is here: the rest is told in notifications. */
  async #requestAttach({ id, output }: RemoteProcess, options: CallOptions): Promise<void> {
    await this.#connection.call('process/attach', { processId: id, afterSeq: output.lastSeq }, options)
  }

  #requireShared(action: string): void {
    if (!this.#traits.sharedProcesses)
      throw new BridgeError('conflict', `${action}: its executor does not share processes among clients`)
  }

  #atStake(): string[] {
    // One whose start has no answer yet may be over already: only this session knows that it ran.
    const live = [...this.#known.values()].filter(({ isLive, isStarted }) => isLive || !isStarted)
    return [
      ...live.map(({ label }) => label),
      ...[...this.#forgotten].map((id) => `process ${JSON.stringify(id)}`),
    ]
  }

  /** What was said while there was no connection was not heard. */
  #fillGaps(): void {
    // Neither rejects.
    for (const process of this.#known.values())
      if (process.isStarted && process.isLive) void this.#fillGap(process)
    for (const processId of this.#forgotten) void this.#recheck(processId)
  }

  /** Never rejects. */
  async #fillGap(process: RemoteProcess): Promise<void> {
    try {
      // A session of another client is not taken up again with ours.
      if (process.isAttached) await this.#requestAttach(process, {})
      else await this.#catchUp(process, {})
    } catch (error) {
      if (error instanceof RpcError) process.lose('the executor does not know it any more')
      // Otherwise the session is over, which is told to all, or there will be another connection.
    }
  }

  /** One that nobody asks for may have closed meanwhile. Never rejects. */
  async #recheck(processId: string): Promise<void> {
    const request = { processId, afterSeq: BEYOND, maxBytes: 1, waitMs: 0 }
    const isOver = await this.#connection.call('process/read', request).then(
      ({ closed }) => closed,
      (error: unknown) => error instanceof RpcError,
    )
    if (isOver) this.#forgotten.delete(processId)
  }

  /** An event is missing: if it does not come in a moment, the executor is asked, once. */
  #watchHole(process: RemoteProcess): void {
    if (process.output.hasHole)
      process.holeTimer ??= this.#clock.after(BRIDGE_LIMITS.holeMs, () => void this.#fillHole(process))
  }

  /** Never rejects. */
  async #fillHole(process: RemoteProcess): Promise<void> {
    const { output } = process
    const { lastSeq } = output
    try {
      if (output.hasHole) await this.#catchUp(process, {})
    } catch {
      // What is there is passed on below, without what the executor could not tell.
    }
    if (output.lastSeq === lastSeq) output.skipHole()
    process.holeTimer = undefined
    this.#watchHole(process)
  }

  /** Never rejects. What may have been started, and nobody waits for, is ended. */
  async #abandon(processId: string, answer: Promise<unknown>): Promise<void> {
    const isNothing = await answer.then(
      () => false,
      (error) => error instanceof RpcError || (error instanceof CallFailure && !error.wasSent),
    )
    const ended = isNothing || !(await this.terminate(processId).catch(() => true))
    if (ended) this.#forgotten.delete(processId)
  }

  #dropIfStuck(): Disposable {
    const reason = 'dropped, because a write to a process that does not read its input held everything back'
    return this.#clock.after(BRIDGE_LIMITS.stuckWriteMs, () => {
      this.#connection.drop(new BridgeError('unavailable', reason))
    })
  }
}

function isUnknownProcess(error: unknown): boolean {
  const { cause } = BridgeError.from(error)
  return [error, cause].some((one) => one instanceof RpcError && /unknown process id/.test(one.message))
}

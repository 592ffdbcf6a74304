import { randomUUID } from 'node:crypto'
import { Base64 } from '../protocol/base64.ts'
import type { ProcessSignal, ReadRequest, ReadResult, StartRequest } from '../protocol/executor.ts'
import { RpcError } from '../rpc/peer.ts'
import type { Clock } from '../util/clock.ts'
import { BridgeError } from '../util/errors.ts'
import { type CallOptions, callScope, waitFor } from '../util/signals.ts'
import type { Connection } from './connection.ts'
import type { Dialect } from './dialect.ts'
import { attempt, attemptOn } from './errors.ts'
import { BRIDGE_LIMITS } from './limits.ts'
import { type ProcessNotice, parseNotice } from './notices.ts'
import { RemoteProcess } from './process.ts'
import { type StartTraits, startParams } from './start-params.ts'

/** What an executor can do with processes. */
export interface ProcessTraits extends StartTraits {
  readonly signals: readonly ProcessSignal[]
  readonly closeStdin: boolean
}

/**
 * The processes started over one connection. Their output comes as notifications, whenever it does, and waits here to
 * be read: a read never goes to the wire, where it would hold back everything behind it.
 */
export class Processes {
  readonly #connection: Connection
  readonly #dialect: Dialect
  readonly #traits: ProcessTraits
  readonly #clock: Clock
  readonly #known = new Map<string, RemoteProcess>()
  /** Ids of processes that nobody asks for any more, while they run, or may. */
  readonly #forgotten = new Set<string>()

  constructor(connection: Connection, dialect: Dialect, traits: ProcessTraits, clock: Clock) {
    this.#connection = connection
    this.#dialect = dialect
    this.#traits = traits
    this.#clock = clock
    connection.listen({
      notification: (method, params) => this.#take(parseNotice(method, params)),
      closed: (_reason, lost) => this.#lose(lost),
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
    const answer = this.#connection.call('process/start', params)
    using scope = callScope(options, `Starting ${JSON.stringify(program)}`)
    try {
      await attemptStart(action, 'unknown', () => waitFor(answer, scope.signal))
    } catch (error) {
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
    const close = () => this.#connection.call('process/closeStdin', { processId })
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

  /**
   * See `Executor.terminate`. An executor that answers in order does not come to it while a write hangs that no process
   * takes: then the connection is dropped, and the executor ends everything that ran on it.
   */
  async terminate(processId: string, options: CallOptions = {}): Promise<boolean> {
    const label = this.#known.get(processId)?.label ?? `process ${JSON.stringify(processId)}`
    using _escape = this.#connection.isWaitingFor('process/write') ? this.#dropIfStuck() : undefined
    const terminate = () => this.#connection.call('process/terminate', { processId }, options)
    const { running } = await attemptOn(`Cannot terminate ${label}`, 'ends', terminate)
    return running
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

  /** The connection is over: nothing more will be heard of any process. */
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

  async #sendInput({ id, label, output }: RemoteProcess, piece: Uint8Array): Promise<void> {
    const write = { processId: id, chunk: new Base64(piece), writeId: randomUUID() }
    const { status } = await this.#connection.call('process/write', write)
    switch (status) {
      case 'accepted':
        return
      case 'stdinClosed':
        throw new BridgeError('conflict', `Cannot write to ${label}: its input is closed`)
      case 'starting':
        throw new BridgeError('unavailable', `Cannot write to ${label}: it is still starting, try again`)
      case 'unknownProcess':
        throw output.buffer.exited
          ? new BridgeError('conflict', `Cannot write to ${label}: it has exited`)
          : new BridgeError('process_lost', `Cannot write to ${label}: the executor does not know it`)
    }
  }

  /** Asks what the process has written that is not here, and takes it in. */
  async #catchUp({ id, output }: RemoteProcess, options: CallOptions): Promise<void> {
    const request = { processId: id, afterSeq: output.lastSeq, maxBytes: null, waitMs: 0 }
    output.merge(await this.#connection.call('process/read', request, options))
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
    const wasRefused = await answer.then(
      () => false,
      (error) => error instanceof RpcError,
    )
    const ended = wasRefused || !(await this.terminate(processId).catch(() => true))
    if (ended) this.#forgotten.delete(processId)
  }

  #dropIfStuck(): Disposable {
    const reason = 'dropped, because a write to a process that does not read its input held everything back'
    return this.#clock.after(BRIDGE_LIMITS.stuckWriteMs, () => {
      // Resolves later; who waits is told at once.
      void this.#connection.close(new BridgeError('unavailable', reason))
    })
  }
}

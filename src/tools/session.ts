import type { Executor, ReadResult, StartRequest } from '../protocol/executor.ts'
import { BridgeError } from '../util/errors.ts'
import { pump } from './pump.ts'
import { RetainedLog } from './retained-log.ts'

/** Where a process stands. `open`: it has exited, but its output may still come; `held`: a child keeps the output open. */
export type ProcessState =
  | { readonly kind: 'running' }
  | { readonly kind: 'exited'; readonly exitCode: number; readonly output: 'open' | 'held' | 'closed' }
  | { readonly kind: 'lost'; readonly reason: BridgeError }

/** What runs the process of a session: a machine, or this server itself for work of its own. */
export type ProcessHost = Pick<
  Executor,
  | 'features'
  | 'away'
  | 'read'
  | 'sync'
  | 'write'
  | 'closeStdin'
  | 'signal'
  | 'resize'
  | 'terminate'
  | 'forget'
>

export interface SessionOptions {
  readonly environment: string
  /** There is no other environment, so that results need not name this one. */
  readonly isOnly: boolean
  readonly executor: ProcessHost
  readonly request: StartRequest
  /** Called after each change; must not throw. */
  readonly onChange: () => void
}

/**
 * A process that a tool started, and its output as far as it is kept. The output is pulled as it comes, so that it
 * outlives the connection and the process. Ends with `dispose`, which leaves the process itself alone.
 */
export class Session implements Disposable {
  /** `box/k7f3q2…`: the environment's name, and the id of the process on the wire. */
  readonly id: string
  readonly environment: string
  readonly isOnly: boolean
  readonly executor: ProcessHost
  readonly request: StartRequest
  readonly log = new RetainedLog()
  /** Up to where a caller who names no position has read. */
  cursor = 0
  /** True when such a caller has also been given what was left incomplete at the end. */
  isDrained = false
  readonly #onChange: () => void
  readonly #listeners = new Set<() => void>()
  readonly #ended = new AbortController()
  #state: ProcessState = { kind: 'running' }
  #takenBytes = 0
  #lostBytes = 0
  #goneBytes = 0
  #toldGoneBytes = 0

  /** For a process that has just been started. */
  constructor({ environment, isOnly, executor, request, onChange }: SessionOptions) {
    this.id = `${environment}/${request.processId}`
    this.environment = environment
    this.isOnly = isOnly
    this.executor = executor
    this.request = request
    this.#onChange = onChange
    // Never rejects.
    void this.#follow()
  }

  get state(): ProcessState {
    return this.#state
  }

  /** How many bytes the process has written, as far as is known here; those that are gone are among them. */
  get knownBytes(): number {
    return this.#takenBytes + this.#lostBytes + this.#goneBytes
  }

  /** About how many bytes were written while the machine was away and are gone; each is told of once. */
  takeGoneBytes(): number {
    const untold = this.#goneBytes - this.#toldGoneBytes
    this.#toldGoneBytes = this.#goneBytes
    return untold
  }

  /** The process is over, as far as will ever be known. */
  get isOver(): boolean {
    return this.#state.kind === 'lost' || (this.#state.kind === 'exited' && this.#state.output !== 'open')
  }

  /** Nothing more comes: also what it started, if anything, has closed the output. */
  get isFinished(): boolean {
    return this.#state.kind === 'lost' || (this.#state.kind === 'exited' && this.#state.output === 'closed')
  }

  /** Aborted when nothing more is to be expected of the process: its output is closed, it is lost, or let go. */
  get ended(): AbortSignal {
    return this.#ended.signal
  }

  /** Calls `listener` after each change, until disposed. */
  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener)
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) }
  }

  /** Lets go of the process: it is read no further, and the executor need not keep anything of it. */
  [Symbol.dispose](): void {
    if (this.ended.aborted) return
    this.#ended.abort(new BridgeError('canceled', `Session "${this.id}" was let go`))
  }

  async #follow(): Promise<void> {
    const { executor, request } = this
    const sink = {
      take: (result: ReadResult) => this.#take(result),
      over: (isHeld: boolean) => this.#over(isHeld),
    }
    try {
      await pump(executor, request.processId, sink, this.ended)
    } catch (error) {
      if (!this.ended.aborted && !this.isOver)
        this.#go({ kind: 'lost', reason: BridgeError.from(error, 'process_lost') })
    } finally {
      this.#ended.abort(new BridgeError('conflict', `Session "${this.id}" has ended`))
      executor.forget(request.processId)
    }
  }

  #take({ chunks, lastSeq, droppedBytes, goneBytes, exited, exitCode }: ReadResult): void {
    this.#goneBytes = goneBytes ?? 0
    // The oldest goes first, so what was dropped stood before what is left.
    if (droppedBytes > this.#lostBytes)
      this.log.lose((chunks[0]?.seq ?? lastSeq + 1) - 1, droppedBytes - this.#lostBytes)
    this.#lostBytes = Math.max(this.#lostBytes, droppedBytes)
    for (const chunk of chunks) this.log.append(chunk)
    this.#takenBytes += chunks.reduce((sum, { bytes }) => sum + bytes.byteLength, 0)
    if (exited && this.#state.kind === 'running')
      this.#go({ kind: 'exited', exitCode: exitCode ?? -1, output: 'open' })
    else if (chunks.length > 0) this.#changed()
  }

  #over(isHeld: boolean): void {
    const exitCode = this.#state.kind === 'exited' ? this.#state.exitCode : -1
    this.#go({ kind: 'exited', exitCode, output: isHeld ? 'held' : 'closed' })
  }

  #go(state: ProcessState): void {
    this.#state = state
    this.#changed()
  }

  #changed(): void {
    this.#onChange()
    for (const listener of [...this.#listeners]) listener()
  }
}

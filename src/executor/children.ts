import type { StartRequest } from '../protocol/executor.ts'
import type { Clock } from '../util/clock.ts'
import { BridgeError } from '../util/errors.ts'
import { type CallOptions, throwIfAborted } from '../util/signals.ts'
import { Child } from './child.ts'
import { EXECUTOR_LIMITS } from './limits.ts'
import { checkProgram, type Program, type Running, startAction } from './program.ts'
import { DEFAULT_SIZE, startOnTerminal } from './pty.ts'
import { Refusal } from './refusal.ts'
import type { Retained } from './retained.ts'
import type { Spool } from './spool.ts'
import { startWithPipes } from './start-with-pipes.ts'

/** How a process is to be started; its `program` has the whole environment. */
export type ChildRequest = Pick<StartRequest, 'processId' | 'tty' | 'size' | 'pipeStdin'> & {
  readonly program: Program
}

export interface ChildrenOptions {
  readonly clock: Clock
  /** Remembers those that have closed. */
  readonly retained: Retained
  /** Where output goes that has no more room in memory; without it the oldest is dropped. */
  readonly spool: Spool | undefined
}

/** The processes of one executor, by their ids. Those that have closed are remembered for a while. */
export class Children implements AsyncDisposable {
  readonly #options: ChildrenOptions
  readonly #known = new Map<string, Child>()
  /** Everything that has not closed, also what was forgotten. */
  readonly #alive = new Set<Child>()
  /** Ids of what went early, the oldest first: a client that asks for one again does not mean another process. */
  readonly #spent = new Set<string>()
  readonly #starting = new Map<string, Promise<Child>>()
  #isClosed = false

  constructor(options: ChildrenOptions) {
    this.#options = options
  }

  /** All that are known, by their ids. */
  entries(): Iterable<[processId: string, child: Child]> {
    return this.#known
  }

  get size(): number {
    return this.#known.size
  }

  /** The process of that id; `not_found` when there is none, or not any more. */
  get(processId: string): Child {
    const child = this.#known.get(processId)
    if (child) return child
    throw new BridgeError('not_found', `Unknown process id ${JSON.stringify(processId)}`)
  }

  find(processId: string): Child | undefined {
    return this.#known.get(processId)
  }

  /** Starts a process. One that is given up while it starts is killed. */
  async start(request: ChildRequest, { signal }: CallOptions = {}): Promise<Child> {
    const { processId, program } = request
    checkProgram(program)
    throwIfAborted(signal)
    if (this.#isClosed) throw new Refusal('unavailable', startAction(program.argv), 'the executor is closing')
    if (this.#known.has(processId) || this.#starting.has(processId) || this.#spent.has(processId))
      throw new Refusal('conflict', startAction(program.argv), `process ${processId} already exists`)
    const started = this.#launch(request)
    this.#starting.set(processId, started)
    try {
      const child = await started
      if (!signal?.aborted && !this.#isClosed) return child
      this.forget(processId)
      child.kill()
      throwIfAborted(signal)
      throw new Refusal('unavailable', startAction(program.argv), 'the executor is closing')
    } finally {
      this.#starting.delete(processId)
    }
  }

  /** Drops what is kept of a process. */
  forget(processId: string): void {
    const child = this.#known.get(processId)
    if (!child) return
    child.forget()
    this.#known.delete(processId)
    this.#options.retained.delete(child)
  }

  /** Kills everything, waits until it is over, and forgets it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    await Promise.allSettled(this.#starting.values())
    for (const child of this.#alive) child.kill()
    await Promise.all([...this.#alive].map((child) => child.closed))
    for (const processId of [...this.#known.keys()]) this.forget(processId)
  }

  async #launch(request: ChildRequest): Promise<Child> {
    const child = new Child(await this.#run(request), request, this.#options)
    this.#known.set(request.processId, child)
    this.#alive.add(child)
    // Never rejects.
    void child.closed.then(() => this.#onClosed(request.processId, child))
    return child
  }

  #run({ program, tty, size, pipeStdin }: ChildRequest): Promise<Running> {
    if (!tty) return startWithPipes(program, pipeStdin)
    return startOnTerminal(program, size ?? DEFAULT_SIZE)
  }

  #onClosed(processId: string, child: Child): void {
    this.#alive.delete(child)
    if (this.#known.get(processId) !== child) return
    this.#options.retained.add(child, {
      expired: () => this.forget(processId),
      displaced: () => this.#spend(processId),
    })
  }

  #spend(processId: string): void {
    this.forget(processId)
    this.#spent.add(processId)
    const [oldest] = this.#spent
    if (this.#spent.size > EXECUTOR_LIMITS.rememberedIds && oldest !== undefined) this.#spent.delete(oldest)
  }
}

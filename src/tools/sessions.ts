import { randomBytes } from 'node:crypto'
import type { Executor, StartRequest } from '../protocol/executor.ts'
import type { Clock } from '../util/clock.ts'
import { BridgeError } from '../util/errors.ts'
import { quoteList } from '../util/quote-list.ts'
import type { CallOptions } from '../util/signals.ts'
import { endUnwanted } from './end-unwanted.ts'
import { type ProcessHost, Session } from './session.ts'
import type { Workspace } from './tool.ts'

/** Bounds of all processes together, each with the reason for its number. Sizes in bytes, times in ms. */
export const SESSION_LIMITS = {
  /** Processes whose output is kept: more than a model comes back to. */
  kept: 64,
  /** For all output together: eight processes that have written as much as is kept of one. */
  maxBytes: 64 * 1024 * 1024,
  /** Processes that run at a time: an agent has dozens, a loop gone wild is stopped here. */
  running: 512,
  /**
   * Patience with a machine that is asked to start a process: one that is away comes back within 90 s, or not at all. However short the
   * caller's own: a cut is to be a slower answer and no more.
   */
  startMs: 120_000,
} as const

/** The processes that the tools of this server have started, and the only place that decides how many are kept. */
export class SessionStore implements Disposable {
  readonly clock: Clock
  readonly #sessions = new Map<string, Session>()
  readonly #hosted = new Set<Promise<unknown>>()
  #starting = 0

  constructor(clock: Clock) {
    this.clock = clock
  }

  /** All that are kept, oldest first. */
  list(): Session[] {
    return [...this.#sessions.values()]
  }

  /** Starts a process under a new id. Rejects as `Executor.start` does, and with `conflict` when too many run. */
  async start(
    { environment, executor, isOnly }: Workspace,
    what: Omit<StartRequest, 'processId'>,
    options: CallOptions,
  ): Promise<Session> {
    if (this.#runningCount >= SESSION_LIMITS.running)
      throw new BridgeError('conflict', `${SESSION_LIMITS.running} processes run already: end some of them`)
    const request = { ...what, processId: randomId() }
    this.#starting++
    try {
      await this.#startProcess(executor, request, options)
    } finally {
      this.#starting--
    }
    return this.adopt({ environment, executor, isOnly }, request)
  }

  /** Takes a process in that runs, or has run, under the id of `request`, and reads it from its first byte. */
  adopt(
    { environment, executor, isOnly }: Omit<Workspace, 'executor'> & { readonly executor: ProcessHost },
    request: StartRequest,
  ): Session {
    const onChange = () => this.#trim()
    const session = new Session({ environment: environment.name, isOnly, executor, request, onChange })
    this.#sessions.set(session.id, session)
    this.#trim()
    return session
  }

  /** Takes in work of this server that goes on after its call, as a session under a new id. It ends when the store lets go of it. */
  host(
    workspace: Workspace,
    work: ProcessHost & { readonly done: Promise<unknown> },
    argv: readonly string[],
  ): Session {
    const request = { processId: randomId(), argv, cwd: '/', env: {}, tty: false, pipeStdin: false }
    const done = work.done.finally(() => this.#hosted.delete(done))
    this.#hosted.add(done)
    return this.adopt({ ...workspace, executor: work }, request)
  }

  /** Resolves when no work of this server goes on. */
  async hosted(): Promise<void> {
    await Promise.allSettled(this.#hosted)
  }

  /**
   * The session of that id, with or without the environment's name in front, if this server has it. Throws `invalid_input` when
   * `environment` is given and is not the session's.
   */
  find(id: string, environment?: string): Session | undefined {
    const session = this.#sessions.get(id) ?? this.list().find(({ request }) => request.processId === id)
    if (!session) return undefined
    if (environment !== undefined && environment !== session.environment)
      throw new BridgeError(
        'invalid_input',
        `Session "${session.id}" is on "${session.environment}", not on ${JSON.stringify(environment)}: leave environment_id out`,
      )
    return session
  }

  /** Lets go of one that nobody knows, or can ask for any more. Its process is left alone. */
  forget(session: Session): void {
    this.#sessions.delete(session.id)
    session[Symbol.dispose]()
  }

  /** That there is no such session, which there are, and why it cannot be had from elsewhere. */
  unknown(id: string, why?: string): BridgeError {
    const ids = this.list().map((session) => session.id)
    const there =
      ids.length === 0 ? 'none has been started here' : `there are ${quoteList(ids.reverse(), 10)}`
    const rule = `the last ${SESSION_LIMITS.kept} processes of this server are kept`
    const end = why === undefined ? '' : `; ${why}`
    return new BridgeError(
      'not_found',
      `No session ${JSON.stringify(id.slice(0, 100))}: ${there} (${rule})${end}`,
    )
  }

  /** Lets go of all; the processes run on, and work of this server ends. */
  [Symbol.dispose](): void {
    for (const session of this.list()) this.forget(session)
  }

  /** A start whose answer never came may have started something: that is ended. */
  async #startProcess(executor: Executor, request: StartRequest, options: CallOptions): Promise<void> {
    try {
      await executor.start(request, { timeoutMs: SESSION_LIMITS.startMs, ...options })
    } catch (error) {
      const reason = BridgeError.from(error)
      if (reason.code === 'canceled' || reason.code === 'deadline')
        await endUnwanted(executor, request.processId, { clock: this.clock })
      throw reason
    }
  }

  /** With those that are being started. */
  get #runningCount(): number {
    return this.#starting + this.list().filter((session) => !session.isOver).length
  }

  /** Finished ones go first, oldest first; of those that run only output goes. */
  #trim(): void {
    const finished = this.list().filter((session) => session.isOver)
    const tooMany = Math.max(0, this.#sessions.size - SESSION_LIMITS.kept)
    for (const session of finished.splice(0, tooMany)) this.forget(session)
    const all = this.list()
    let excess = all.reduce((sum, { log }) => sum + log.cost, 0) - SESSION_LIMITS.maxBytes
    for (const { log } of [...finished, ...all]) {
      if (excess <= 0) return
      const before = log.cost
      log.shrink(excess)
      excess -= before - log.cost
    }
  }
}

/** Ten letters and digits without those that look alike: 50 bits, unique across all servers on one executor. */
function randomId(): string {
  const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789'
  return [...randomBytes(10)].map((byte) => alphabet[byte % alphabet.length]).join('')
}

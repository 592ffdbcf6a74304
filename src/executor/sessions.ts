import { type Clock, systemClock } from '../util/clock.ts'
import type { Link } from './announce.ts'
import type { Child } from './child.ts'
import { EXECUTOR_LIMITS } from './limits.ts'
import { LocalExecutor, type LocalExecutorOptions } from './local.ts'
import { Retained } from './retained.ts'
import { Session } from './session.ts'
import type { Spool } from './spool.ts'
import { wireError } from './wire-error.ts'

export interface SessionsOptions extends Omit<LocalExecutorOptions, 'spool' | 'retained'> {
  /** How long a session waits for its client to come back, in ms. */
  readonly detachedMs?: number | undefined
  /** Processes outlive their clients and are shared by them, see `Sessions`; without it they are as on a stock exec-server. */
  readonly shared?: SharedOptions | undefined
}

export interface SharedOptions {
  /** How long processes are kept after the last client has left them, and after their end, in ms. */
  readonly retainMs: number
  /** Where their output goes that has no more room in memory. */
  readonly spool: Spool
}

/**
 * The sessions of this machine's clients. One that loses its connection waits for a while, its processes running on; then
 * everything in it is killed. Disposing ends them all.
 *
 * Shared, every client may list, read and write the processes of all: they are those of one workspace. Then a session lives
 * on while any of them follows one of its processes, and its processes are remembered, with all of their output, for as long as
 * sessions are.
 */
export class Sessions implements AsyncDisposable {
  readonly #options: SessionsOptions
  readonly #clock: Clock
  readonly #retained: Retained | undefined
  readonly #known = new Map<string, Session>()
  readonly #expiring = new Map<Session, Disposable>()
  readonly #ending = new Set<Promise<void>>()

  constructor(options: SessionsOptions = {}) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    const { retainedProcesses: most, retainedMemoryBytes: memoryBytes } = EXECUTOR_LIMITS
    const { shared } = options
    this.#retained = shared && new Retained(this.#clock, { forMs: shared.retainMs, most, memoryBytes })
  }

  /** Clients may use each other's processes. */
  get isShared(): boolean {
    return this.#options.shared !== undefined
  }

  /** How long the id of a process that is over stays taken, in ms. */
  get rememberedMs(): number {
    return this.#options.shared?.retainMs ?? EXECUTOR_LIMITS.rememberedMs
  }

  /** All processes of all sessions, each with how many connections have it. */
  *processes(): Generator<[processId: string, child: Child, clients: number]> {
    for (const session of this.#known.values()) {
      const clients = session.guests.size + (session.link ? 1 : 0)
      for (const [processId, child] of session.executor.processes()) yield [processId, child, clients]
    }
  }

  /** The session with a process of that id; of several the newest. */
  owner(processId: string): Session | undefined {
    return [...this.#known.values()].findLast((session) => session.child(processId))
  }

  /** A new session for a connection, or the one it names. Throws what a stock exec-server answers. */
  attach(link: Link, resumeSessionId: string | undefined): Session {
    const session = resumeSessionId === undefined ? this.#create() : this.#resume(resumeSessionId)
    session.link = link
    return session
  }

  /** The connection is gone. */
  detach(session: Session, link: Link): void {
    if (session.link !== link) return
    session.link = undefined
    this.#left(session)
  }

  /** A connection of another session uses one of its processes. */
  visit(session: Session, guest: object): void {
    session.guests.add(guest)
    this.#stopExpiring(session)
  }

  /** That connection is gone. */
  leave(session: Session, guest: object): void {
    session.guests.delete(guest)
    this.#left(session)
  }

  /** It ends after a while without any connection. */
  #left(session: Session): void {
    if (session.isInUse || this.#known.get(session.id) !== session) return
    this.#stopExpiring(session)
    const expire = () => void this.#end(session)
    this.#expiring.set(session, this.#clock.after(this.#patienceMs(session), expire))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of [...this.#known.values()]) void this.#end(session)
    await Promise.all(this.#ending)
  }

  #patienceMs(session: Session): number {
    const { detachedMs, shared } = this.#options
    const usual = detachedMs ?? shared?.retainMs ?? EXECUTOR_LIMITS.detachedMs
    return shared && session.executor.processCount === 0
      ? Math.min(usual, EXECUTOR_LIMITS.emptySessionMs)
      : usual
  }

  #create(): Session {
    this.#makeRoom()
    const { shared, ...options } = this.#options
    const executor = { ...options, spool: shared?.spool, retained: this.#retained }
    const session = new Session(new LocalExecutor(executor))
    this.#known.set(session.id, session)
    return session
  }

  /** What nobody uses and where nothing runs goes first, the oldest first. */
  #makeRoom(): void {
    if (this.#known.size < EXECUTOR_LIMITS.sessions) return
    const isIdle = (session: Session) =>
      ![...session.executor.processes()].some(([, child]) => child.isRunning)
    const oldest = [...this.#expiring.keys()].find(isIdle)
    if (!oldest) throw wireError('invalidRequest', `there are ${this.#known.size} sessions already`)
    // Never rejects.
    void this.#end(oldest)
  }

  #resume(id: string): Session {
    const session = this.#known.get(id)
    if (!session) throw wireError('invalidRequest', `unknown session id ${id}`)
    if (session.link) throw wireError('attached', `session ${id} is already attached to another connection`)
    this.#stopExpiring(session)
    return session
  }

  /** Kills what runs in it. Never rejects. */
  #end(session: Session): Promise<void> {
    this.#known.delete(session.id)
    this.#stopExpiring(session)
    const ended = session[Symbol.asyncDispose]().finally(() => this.#ending.delete(ended))
    this.#ending.add(ended)
    return ended
  }

  #stopExpiring(session: Session): void {
    this.#expiring.get(session)?.[Symbol.dispose]()
    this.#expiring.delete(session)
  }
}

import { type Clock, systemClock } from '../util/clock.ts'
import type { Link } from './announce.ts'
import { EXECUTOR_LIMITS } from './limits.ts'
import { LocalExecutor, type LocalExecutorOptions } from './local.ts'
import { Pipes } from './pipes.ts'
import { Session } from './session.ts'
import { wireError } from './wire-error.ts'

export interface SessionsOptions extends Omit<LocalExecutorOptions, 'pipes'> {
  /** How long a session waits for its client to come back, in ms. */
  readonly detachedMs?: number | undefined
}

/**
 * The sessions of this machine's clients. One that loses its connection waits for a while, its processes running on; then
 * everything in it is killed. Disposing ends them all.
 */
export class Sessions implements AsyncDisposable {
  readonly #options: SessionsOptions
  readonly #clock: Clock
  readonly #detachedMs: number
  readonly #pipes = new Pipes()
  readonly #known = new Map<string, Session>()
  readonly #expiring = new Map<Session, Disposable>()
  readonly #ending = new Set<Promise<void>>()

  constructor(options: SessionsOptions = {}) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#detachedMs = options.detachedMs ?? EXECUTOR_LIMITS.detachedMs
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
    this.#expiring.set(
      session,
      this.#clock.after(this.#detachedMs, () => void this.#end(session)),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of [...this.#known.values()]) void this.#end(session)
    await Promise.all(this.#ending)
    await this.#pipes.close()
  }

  #create(): Session {
    if (this.#known.size >= EXECUTOR_LIMITS.sessions)
      throw wireError('invalidRequest', `there are ${this.#known.size} sessions already`)
    const session = new Session(new LocalExecutor({ ...this.#options, pipes: this.#pipes }))
    this.#known.set(session.id, session)
    return session
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
    const ended = session.executor[Symbol.asyncDispose]().finally(() => this.#ending.delete(ended))
    this.#ending.add(ended)
    return ended
  }

  #stopExpiring(session: Session): void {
    this.#expiring.get(session)?.[Symbol.dispose]()
    this.#expiring.delete(session)
  }
}

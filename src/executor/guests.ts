import { announce, type Link } from './announce.ts'
import type { Session } from './session.ts'
import type { Sessions } from './sessions.ts'

/** The processes of other sessions that one connection follows. It leaves them when it ends. */
export class Guests implements Disposable {
  readonly #sessions: Sessions
  readonly #link: Link
  readonly #hosts = new Map<string, Session>()
  readonly #ended = new AbortController()

  constructor(sessions: Sessions, link: Link) {
    this.#sessions = sessions
    this.#link = link
  }

  /** The session of a process that is followed. */
  find(processId: string): Session | undefined {
    return this.#hosts.get(processId)
  }

  /**
   * Follows a process: from now on this connection, whose session is `own`, is told what it writes, from after `afterSeq` on, and
   * may use it as its own. Says whether there is one. One that is its own, or followed already, is told of anew.
   */
  follow(processId: string, afterSeq: number, own: Session): boolean {
    const host = own.child(processId) ? own : this.#sessions.owner(processId)
    const child = host?.child(processId)
    if (!host || !child) return false
    if (host !== own) {
      this.#hosts.set(processId, host)
      this.#sessions.visit(host, this)
    }
    // Never rejects.
    void announce(processId, child, () => this.#link, { afterSeq, signal: this.#ended.signal })
    return true
  }

  [Symbol.dispose](): void {
    this.#ended.abort()
    for (const host of new Set(this.#hosts.values())) {
      this.#sessions.leave(host, this)
    }
    this.#hosts.clear()
  }
}

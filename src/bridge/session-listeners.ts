import type { BridgeError } from '../util/errors.ts'

/** Told what happens to a session. None of it may throw. */
export interface SessionListener {
  notification?(method: string, params: unknown): void
  /** There is a connection again, and the session is the same: what was said meanwhile was not heard. */
  resumed?(): void
  /** It is over, for this reason; `lost` says so in words. */
  closed?(reason: BridgeError, lost: string): void
  /** What would be lost with the session, for messages. */
  atStake?(): readonly string[]
}

/** All who listen to one session, told in the order in which they came. */
export class SessionListeners {
  readonly #listeners: SessionListener[] = []

  add(listener: SessionListener): void {
    this.#listeners.push(listener)
  }

  notification(method: string, params: unknown): void {
    for (const listener of this.#listeners) listener.notification?.(method, params)
  }

  resumed(): void {
    for (const listener of this.#listeners) listener.resumed?.()
  }

  /** The last they hear. */
  closed(reason: BridgeError, lost: string): void {
    for (const listener of this.#listeners.splice(0)) listener.closed?.(reason, lost)
  }

  /** What all of them would lose. */
  atStake(): readonly string[] {
    return this.#listeners.flatMap((listener) => listener.atStake?.() ?? [])
  }
}

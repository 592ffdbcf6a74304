import { randomUUID } from 'node:crypto'
import type { WriteStatus } from '../protocol/methods.ts'
import type { RelayOutcome } from '../protocol/relay.ts'
import { BridgeError } from '../util/errors.ts'
import { announce, type Link } from './announce.ts'
import type { Child } from './child.ts'
import type { ChildRequest } from './children.ts'
import { EXECUTOR_LIMITS } from './limits.ts'
import type { LocalExecutor } from './local.ts'
import { Relays } from './relays.ts'

/** What a client has here: its processes, under ids of its own. It outlives its connection, see `Sessions`. */
export class Session implements AsyncDisposable {
  readonly id = randomUUID()
  readonly executor: LocalExecutor
  /** The connection that has it now. */
  link: Link | undefined
  /** Ends of copies that its client has asked for. */
  readonly relays = new Relays<RelayOutcome>()
  /** Connections of other sessions that follow a process of this one. */
  readonly guests = new Set<object>()
  /** Writes by process and write id, the newest last. */
  readonly #writes = new Map<string, Promise<WriteStatus>>()

  constructor(executor: LocalExecutor) {
    this.executor = executor
  }

  /** Starts a process, and tells whoever has the session what it does. */
  async start(request: ChildRequest): Promise<void> {
    const child = await this.executor.startChild(request)
    // Never rejects.
    void announce(request.processId, child, () => this.link)
  }

  /** Some connection has it, or a part of it. */
  get isInUse(): boolean {
    return this.link !== undefined || this.guests.size > 0
  }

  /** Kills what runs in it; resolves when nothing is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.relays[Symbol.asyncDispose](), this.executor[Symbol.asyncDispose]()])
  }

  /** The process of that id, unless it is unknown or forgotten. */
  child(processId: string): Child | undefined {
    return this.executor.child(processId)
  }

  /** Writes to a process, once for each `writeId`: one that is sent again gets the answer of the first. */
  write(processId: string, writeId: string, bytes: Uint8Array): Promise<WriteStatus> {
    const key = JSON.stringify([processId, writeId])
    const known = this.#writes.get(key)
    if (known) return known
    const written = this.#write(processId, bytes)
    this.#writes.set(key, written)
    const [oldest] = this.#writes.keys()
    if (this.#writes.size > EXECUTOR_LIMITS.writeIds && oldest !== undefined) this.#writes.delete(oldest)
    return written
  }

  /** Not bound to the connection: a client that comes back sends again what it had no answer for. */
  async #write(processId: string, bytes: Uint8Array): Promise<WriteStatus> {
    const child = this.child(processId)
    if (!child) return 'unknownProcess'
    try {
      await child.input.write(bytes)
      return 'accepted'
    } catch (error) {
      if (error instanceof BridgeError && error.code === 'conflict') return 'stdinClosed'
      throw error
    }
  }
}

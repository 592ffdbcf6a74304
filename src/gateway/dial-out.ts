import type { Clock } from '../util/clock.ts'
import { BridgeError } from '../util/errors.ts'
import type { Logger } from '../util/log.ts'
import { Connection } from './connection.ts'
import type { Connections } from './connections.ts'
import { DialledLink, dialMachine } from './dialled-link.ts'
import type { Executor } from './executor.ts'
import type { GatewayLimits } from './limits.ts'
import { isLive } from './presence.ts'
import type { Machine } from './records.ts'
import type { Registry } from './registry.ts'
import type { State } from './state.ts'

export interface DialOutOptions {
  readonly state: State
  readonly registry: Registry
  readonly connections: Connections
  readonly clock: Clock
  readonly limits: GatewayLimits
  readonly logger: Logger
}

/** Keeps a connection to every machine of the state that listens itself; machines may be added and removed while it runs. */
export class DialOut {
  readonly #options: DialOutOptions
  readonly #dials = new Map<string, Dial>()
  #timer: Disposable | undefined
  #problem: string | undefined

  constructor(options: DialOutOptions) {
    this.#options = options
    this.#look()
  }

  /** Dials no more, and ends what is connected. Resolves when all of it is gone. */
  async close(): Promise<void> {
    this.#timer?.[Symbol.dispose]()
    await Promise.all([...this.#dials.values()].map((dial) => dial.stop('The gateway is stopping')))
  }

  #look(): void {
    const { state, clock, limits } = this.#options
    try {
      this.#follow(state.machines.read())
      this.#problem = undefined
    } catch (error) {
      this.#tell(BridgeError.from(error).message)
    }
    this.#timer = clock.after(limits.machinesPollMs, () => this.#look())
  }

  /** Once for as long as it is the same. */
  #tell(problem: string): void {
    if (problem !== this.#problem) this.#options.logger.error({ error: problem }, 'machines not read')
    this.#problem = problem
  }

  #follow(machines: readonly Machine[]): void {
    const wanted = new Map(machines.map((machine) => [JSON.stringify(machine), machine]))
    for (const [key, dial] of this.#dials)
      if (!wanted.has(key)) {
        this.#dials.delete(key)
        // Never rejects.
        void this.#letGo(dial)
      }
    for (const [key, machine] of wanted)
      if (!this.#dials.has(key)) this.#dials.set(key, new Dial(machine, this.#options))
  }

  /** One that has only got another address or description stays known. */
  async #letGo(dial: Dial): Promise<void> {
    await dial.stop('The machine was taken out of the state')
    const { executor } = dial
    if (![...this.#dials.values()].some((other) => other.executor === executor))
      this.#options.registry.forget(executor)
  }
}

/** One machine: dialled, watched, and dialled again after ever longer waits, without end. */
class Dial {
  readonly executor: Executor
  readonly #machine: Machine
  readonly #options: DialOutOptions
  readonly #stopped = new AbortController()
  #connection: Connection | undefined
  #problem: string | undefined
  #waitMs: number
  #timer: Disposable | undefined

  constructor(machine: Machine, options: DialOutOptions) {
    this.#machine = machine
    this.#options = options
    this.executor = options.registry.enter(machine)
    this.#waitMs = options.limits.firstRetryMs
    void this.#dial() // never rejects
  }

  /** Resolves when nothing is left of its connection. */
  async stop(why: string): Promise<void> {
    const reason = new BridgeError('unavailable', why)
    this.#stopped.abort(reason)
    this.#timer?.[Symbol.dispose]()
    const connection = this.#connection
    connection?.close(reason)
    await connection?.closed
  }

  async #dial(): Promise<void> {
    try {
      const connection = await this.#connect(this.executor)
      this.#waitMs = this.#options.limits.firstRetryMs
      this.#problem = undefined
      await connection.closed
    } catch (error) {
      if (!this.#stopped.signal.aborted) this.#tell(BridgeError.from(error).message)
    }
    this.#connection = undefined
    this.#retry()
  }

  /** Aloud once for as long as it is the same. */
  #tell(why: string): void {
    const { workspaceId, name, url } = this.#machine
    const level = why === this.#problem ? 'debug' : 'warn'
    this.#options.logger[level]({ workspaceId, name, url, why }, 'machine not reached')
    this.#problem = why
  }

  async #connect(executor: Executor): Promise<Connection> {
    const { clock, limits, connections } = this.#options
    const { url } = this.#machine
    const other = executor.connection
    const address = new URL(url).host
    if (other && (await isLive(other.socket, clock, limits))) {
      connections.refuse(executor, address)
      throw new BridgeError('conflict', `Another machine is connected as "${executor.record.name}"`)
    }
    const socket = await dialMachine(url, { clock, limits }, { signal: this.#stopped.signal })
    const link = new DialledLink(url, socket, clock, limits)
    this.#connection = new Connection({ link, socket, identity: url, address }, clock, limits)
    connections.take(executor, this.#connection)
    return this.#connection
  }

  /** The waits double, each a little off, so that a fleet does not come back in step. */
  #retry(): void {
    if (this.#stopped.signal.aborted) return
    const { clock, limits } = this.#options
    const waitMs = this.#waitMs * (0.75 + Math.random() / 2)
    this.#waitMs = Math.min(this.#waitMs * 2, limits.lastRetryMs)
    this.#timer = clock.after(waitMs, () => void this.#dial())
  }
}

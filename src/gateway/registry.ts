import type { Clock } from '../util/clock.ts'
import type { Logger } from '../util/log.ts'
import { Executor } from './executor.ts'
import { exeIdOf } from './keys.ts'
import { LatestWrite } from './latest-write.ts'
import type { GatewayLimits } from './limits.ts'
import type { ExecutorRecord } from './records.ts'
import type { State } from './state.ts'
import type { JoinClaims } from './tokens.ts'

export interface RegistryOptions {
  readonly state: State
  readonly clock: Clock
  readonly limits: GatewayLimits
  readonly logger: Logger
}

/**
 * The executors of every workspace. One is only ever found by its workspace and its id together, so that no request can
 * reach beyond the workspace of its token. Who there is survives a restart, and a crash; when they were last seen is written down now and then.
 */
export class Registry {
  readonly #state: State
  readonly #clock: Clock
  readonly #limits: GatewayLimits
  readonly #disk: LatestWrite<readonly ExecutorRecord[]>
  readonly #workspaces = new Map<string, Map<string, Executor>>()
  #timer: Disposable

  constructor({ state, clock, limits, logger }: RegistryOptions) {
    this.#state = state
    this.#clock = clock
    this.#limits = limits
    const current = () => this.all().map((executor) => executor.recordNow())
    this.#disk = new LatestWrite({ file: state.executors, current, what: 'executors', clock, logger })
    for (const record of this.#state.executors.read()) this.#add(record)
    this.#timer = this.#nextWrite()
  }

  /** The executor that a join token, or a line of the state, speaks of; made when it is new. */
  enter({ workspaceId, name, description, isDefault }: JoinClaims): Executor {
    const exeId = exeIdOf(this.#state.keys.read().idKey, workspaceId, name)
    const record: ExecutorRecord = { exeId, workspaceId, name, description, isDefault }
    // A workspace has one default: the last that said so.
    if (isDefault)
      for (const other of this.inWorkspace(workspaceId)) other.describe({ ...other.record, isDefault: false })
    const known = this.find(workspaceId, exeId)
    if (known) {
      known.describe(record)
      return known
    }
    const executor = this.#add(record)
    // At once: to a gateway that is killed, and then does not know it, its bridges would be strangers. Never rejects.
    void this.#disk.write()
    return executor
  }

  /** Resolves when all that was entered is on disk, or cannot be written now, at the latest after `timeoutMs`. Never rejects. */
  written(options: { timeoutMs: number }): Promise<void> {
    return this.#disk.done(options)
  }

  find(workspaceId: string, exeId: string): Executor | undefined {
    return this.#workspaces.get(workspaceId)?.get(exeId)
  }

  inWorkspace(workspaceId: string): Executor[] {
    return [...(this.#workspaces.get(workspaceId)?.values() ?? [])]
  }

  all(): Executor[] {
    return [...this.#workspaces.values()].flatMap((executors) => [...executors.values()])
  }

  /** Knows an executor no more, unless it is connected: then somebody else wants it. */
  forget({ connection, record: { workspaceId, exeId } }: Executor): void {
    if (connection) return
    this.#workspaces.get(workspaceId)?.delete(exeId)
    // Never rejects.
    void this.#disk.write()
  }

  /** Writes down what is known, for the last time. */
  async close(): Promise<void> {
    this.#timer[Symbol.dispose]()
    await this.#disk.write()
  }

  #add(record: ExecutorRecord): Executor {
    const executor = new Executor(record)
    const executors = this.#workspaces.get(record.workspaceId) ?? new Map<string, Executor>()
    executors.set(record.exeId, executor)
    this.#workspaces.set(record.workspaceId, executors)
    return executor
  }

  #nextWrite(): Disposable {
    return this.#clock.after(this.#limits.lastSeenWriteMs, () => {
      // Never rejects.
      void this.#disk.write()
      this.#timer = this.#nextWrite()
    })
  }
}

import type { BridgePool } from '../bridge/pool.ts'
import type { Environment } from '../environments/environment.ts'
import type { Executor } from '../protocol/executor.ts'
import type { ConnectedExecutor, Machines } from '../tools/tool.ts'
import { BridgeError } from '../util/errors.ts'
import type { Logger } from '../util/log.ts'
import { type CallOptions, callScope } from '../util/signals.ts'
import { keepYoungGenerationSmall } from '../util/young-generation.ts'
import type { Credentials } from './credentials.ts'
import { Embedded } from './embedded.ts'
import type { ServeOptions } from './options.ts'
import { bridgeTarget, targetKey } from './targets.ts'

/**
 * Reaches the machines behind the environments of `options`. Nothing is loaded and nobody dialled before the first call;
 * disposing closes every connection and ends what runs on this machine.
 */
export function createMachines(
  options: ServeOptions,
  credentials: Credentials,
  logger: Logger,
): Machines & AsyncDisposable {
  return new AppMachines(options, credentials, logger)
}

class AppMachines implements Machines, AsyncDisposable {
  readonly #options: ServeOptions
  readonly #credentials: Credentials
  readonly #logger: Logger
  readonly #embedded: Embedded
  #pool: BridgePool | undefined
  #isClosed = false

  constructor(options: ServeOptions, credentials: Credentials, logger: Logger) {
    this.#options = options
    this.#credentials = credentials
    this.#logger = logger
    this.#embedded = new Embedded(options.cwd)
  }

  async connect({ name, target }: Environment, options: CallOptions): Promise<Executor> {
    if (target.kind === 'local') return this.#embedded.open()
    using scope = callScope(options, `Connecting to ${JSON.stringify(name)}`)
    const pool = await this.#openPool()
    return await pool.get(bridgeTarget(this.#options, this.#credentials, name, target), scope.signal)
  }

  connected({ name, target }: Environment): ConnectedExecutor | undefined {
    if (target.kind === 'local') {
      const executor = this.#embedded.current
      return executor && { executor, roundTripMs: undefined }
    }
    const client = this.#pool?.connected(targetKey(name, target))
    return client && { executor: client, roundTripMs: client.roundTripMs }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    await Promise.all([this.#pool?.[Symbol.asyncDispose](), this.#embedded[Symbol.asyncDispose]()])
  }

  async #openPool(): Promise<BridgePool> {
    if (this.#pool) return this.#pool
    const [{ BridgePool }] = await Promise.all([import('../bridge/pool.ts'), keepYoungGenerationSmall()])
    if (this.#isClosed) throw new BridgeError('canceled', 'Cannot connect: the server ends')
    this.#pool ??= new BridgePool({ logger: this.#logger })
    return this.#pool
  }
}

import type { LocalExecutor } from '../executor/local.ts'
import { BridgeError } from '../util/errors.ts'

/**
 * The embedded environment: this machine, worked on in `cwd` by this process itself. Made by the first call that needs it,
 * its code loaded then. There is one only where no token was configured, so none is to be kept from its children.
 */
export class Embedded implements AsyncDisposable {
  readonly #cwd: string
  #executor: LocalExecutor | undefined
  #isClosed = false

  constructor(cwd: string) {
    this.#cwd = cwd
  }

  /** The executor, if a call has needed it. */
  get current(): LocalExecutor | undefined {
    return this.#executor
  }

  async open(): Promise<LocalExecutor> {
    const { LocalExecutor } = await import('../executor/local.ts')
    if (this.#isClosed) throw new BridgeError('canceled', 'Cannot open this machine: the server ends')
    this.#executor ??= new LocalExecutor({ cwd: this.#cwd })
    return this.#executor
  }

  /** Ends what runs on it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    await this.#executor?.[Symbol.asyncDispose]()
  }
}

import { BridgeError } from '../util/errors.ts'
import type { Logger } from '../util/log.ts'
import type { Connection } from './connection.ts'
import { type Executor, isRivalNow } from './executor.ts'
import { isMisconduct } from './misconduct.ts'
import type { ExecutorFacts, Tap } from './tap.ts'

/** Puts machines in their place as executors, and tells the log and the taps of it. */
export class Connections {
  readonly #logger: Logger
  readonly #tap: Tap

  constructor(options: { logger: Logger; tap: Tap }) {
    this.#logger = options.logger
    this.#tap = options.tap
  }

  /** From here on the executor is connected by this; one it had before is told to go. */
  take(executor: Executor, connection: Connection): void {
    const facts = factsOf(executor, connection)
    const gone = this.#tap.executor(facts)
    this.#logger.info({ ...facts }, 'executor connected')
    executor.connect(
      connection,
      new BridgeError('conflict', 'Replaced by a newer connection of this executor'),
    )
    void connection.closed.then((reason) => {
      gone(reason, connection.socket.traffic)
      const level = isMisconduct(reason) ? 'warn' : 'info'
      this.#logger[level]({ ...facts, why: reason.message }, 'executor gone')
    })
  }

  /** Notes that another machine wants the place of one that lives; said once while it goes on. */
  refuse(executor: Executor, address: string): void {
    const { workspaceId, exeId, name } = executor.record
    if (!isRivalNow(executor))
      this.#logger.warn(
        { workspaceId, exeId, name, address },
        'another machine under the name of an executor',
      )
    executor.rival = { address, at: new Date() }
  }
}

/** What is told of an executor's connection. */
export function factsOf(executor: Executor, { link, address }: Connection): ExecutorFacts {
  const { workspaceId, exeId, name } = executor.record
  return { workspaceId, exeId, name, era: link.era, address }
}

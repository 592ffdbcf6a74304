import type { Connection } from './connection.ts'
import type { ExecutorRecord } from './records.ts'

/** Another machine that wants to be an executor which is connected already. */
export interface Rival {
  readonly address: string
  readonly at: Date
}

/** An executor of a workspace: known since it registered once, connected or not. */
export class Executor {
  #record: ExecutorRecord
  #connection: Connection | undefined
  /** The last other machine that was refused under its name. */
  rival: Rival | undefined

  constructor(record: ExecutorRecord) {
    this.#record = record
  }

  get record(): ExecutorRecord {
    return this.#record
  }

  /** Its connection; one that is being ended is none. */
  get connection(): Connection | undefined {
    return this.#connection?.socket.isOpen ? this.#connection : undefined
  }

  /** Takes what is newly known of it; when it was last seen stays. */
  describe(record: ExecutorRecord): void {
    this.#record = { ...this.#record, ...record }
  }

  /** Makes this its connection; the one before is told why it must go. */
  connect(connection: Connection, replaced: Error): void {
    const before = this.#connection
    this.#connection = connection
    this.rival = undefined
    before?.close(replaced)
    void connection.closed.then(() => {
      if (this.#connection !== connection) return
      this.#record = this.recordNow()
      this.#connection = undefined
    })
  }

  /** ISO 8601; `undefined` for one that was never connected. */
  get lastSeenAt(): string | undefined {
    if (!this.#connection) return this.#record.lastSeenAt
    return new Date(Date.now() - this.#connection.socket.silentMs()).toISOString()
  }

  /** What to remember if the gateway ended now. */
  recordNow(): ExecutorRecord {
    const { lastSeenAt } = this
    return lastSeenAt === undefined ? this.#record : { ...this.#record, lastSeenAt }
  }
}

/** One that waits for its chance tries every few seconds; after so long without a try it has given up. */
const RIVAL_MS = 60_000

/** Whether another machine wants to be this executor at present. */
export function isRivalNow({ rival }: Executor): boolean {
  return rival !== undefined && Date.now() - rival.at.getTime() < RIVAL_MS
}

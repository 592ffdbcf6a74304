import { RpcError } from '../rpc/peer.ts'
import type { Clock } from '../util/clock.ts'
import type { CallOptions } from '../util/signals.ts'
import type { DurableConnection } from './durable-connection.ts'
import { BRIDGE_LIMITS } from './limits.ts'
import type { RemoteProcess } from './process.ts'
import type { ProcessTable } from './process-table.ts'

/** A cursor that no process comes to: of what it wrote nothing is asked for. */
const BEYOND = 2 ** 40

export interface MissedOutputOptions {
  readonly connection: DurableConnection
  readonly table: ProcessTable
  readonly clock: Clock
  /** The executor keeps more of a process than fits into one answer, and gives it in parts. */
  readonly givesParts: boolean
}

/** Asks the executor for what processes have written, and no notification has brought: while there was no connection, or ever. */
export class MissedOutput {
  readonly #connection: DurableConnection
  readonly #table: ProcessTable
  readonly #clock: Clock
  readonly #maxBytes: number | null

  constructor({ connection, table, clock, givesParts }: MissedOutputOptions) {
    this.#connection = connection
    this.#table = table
    this.#clock = clock
    this.#maxBytes = givesParts ? BRIDGE_LIMITS.readPartBytes : null
  }

  /** Takes in all that is not here. Rejects with `RpcError` when the executor does not know the process. */
  async catchUp(process: RemoteProcess, options: CallOptions): Promise<void> {
    try {
      await this.#readOn(process, options)
    } catch (error) {
      // Another answer has told its end meanwhile: then it may be asked for in a session that never knew it.
      if (!process.output.buffer.closed) throw error
    }
  }

  /** Has a process of another client tell us too, from after what is here. Rejects as `catchUp`. */
  async attach({ id, output }: RemoteProcess, options: CallOptions): Promise<void> {
    await this.#connection.call('process/attach', { processId: id, afterSeq: output.lastSeq }, options)
  }

  /** There is a connection again: what was said meanwhile was not heard. */
  resume(): void {
    // Neither rejects.
    for (const process of this.#table) if (process.isStarted && process.isLive) void this.#fillGap(process)
    for (const processId of this.#table.forgotten) void this.#recheck(processId)
  }

  /** When an event of the process is missing, and does not come in a moment, the executor is asked, once. */
  watch(process: RemoteProcess): void {
    if (process.output.hasHole)
      process.holeTimer ??= this.#clock.after(BRIDGE_LIMITS.holeMs, () => void this.#fillHole(process))
  }

  async #readOn({ id, output }: RemoteProcess, options: CallOptions): Promise<void> {
    for (let isPart = true; isPart; ) {
      const { lastSeq } = output
      const request = { processId: id, afterSeq: lastSeq, maxBytes: this.#maxBytes, waitMs: 0 }
      const answer = await this.#connection.call('process/read', request, options)
      output.merge(answer)
      isPart = answer.isPart === true && output.lastSeq > lastSeq
    }
  }

  /** Never rejects. */
  async #fillGap(process: RemoteProcess): Promise<void> {
    try {
      // A session of another client is not taken up again with ours.
      if (process.isAttached) await this.attach(process, {})
      else await this.catchUp(process, {})
    } catch (error) {
      if (error instanceof RpcError) process.lose('the executor does not know it any more')
      // Otherwise the session is over, which is told to all, or there will be another connection.
    }
  }

  /** One that nobody asks for may have closed meanwhile. Never rejects. */
  async #recheck(processId: string): Promise<void> {
    const request = { processId, afterSeq: BEYOND, maxBytes: 1, waitMs: 0 }
    const isOver = await this.#connection.call('process/read', request).then(
      ({ closed }) => closed,
      (error: unknown) => error instanceof RpcError,
    )
    if (isOver) this.#table.ended(processId)
  }

  /** Never rejects. */
  async #fillHole(process: RemoteProcess): Promise<void> {
    const { output } = process
    const { lastSeq } = output
    try {
      if (output.hasHole) await this.catchUp(process, {})
    } catch {
      // What is there is passed on below, without what the executor could not tell.
    }
    if (output.lastSeq === lastSeq) output.skipHole()
    process.holeTimer = undefined
    this.watch(process)
  }
}

import { BridgeError } from '../util/errors.ts'
import type { RemoteProcess } from './process.ts'

/** The processes that one session knows of, and those that nobody asks for any more. */
export class ProcessTable implements Iterable<RemoteProcess> {
  readonly #known = new Map<string, RemoteProcess>()
  /** Ids of processes that nobody asks for any more, while they run, or may. */
  readonly #forgotten = new Set<string>()

  /** What `forget` has put away, and `ended` has not taken out yet. */
  get forgotten(): ReadonlySet<string> {
    return this.#forgotten
  }

  /** Some process runs, or may, or somebody may still write to its output. */
  get isAnyLive(): boolean {
    return this.#forgotten.size > 0 || [...this.#known.values()].some((process) => process.isLive)
  }

  [Symbol.iterator](): Iterator<RemoteProcess> {
    return this.#known.values()
  }

  has(processId: string): boolean {
    return this.#known.has(processId)
  }

  find(processId: string): RemoteProcess | undefined {
    return this.#known.get(processId)
  }

  /** Throws `not_found` when it was not started here, or is forgotten. */
  get(processId: string): RemoteProcess {
    const process = this.#known.get(processId)
    if (process) return process
    throw new BridgeError(
      'not_found',
      `No process ${JSON.stringify(processId)} was started on this connection`,
    )
  }

  add(process: RemoteProcess): void {
    this.#known.set(process.id, process)
  }

  /** It never was one. */
  remove(processId: string): void {
    this.#known.delete(processId)
  }

  /** Nobody asks for it any more; it may run. */
  forget(processId: string): void {
    this.#known.delete(processId)
    this.#forgotten.add(processId)
  }

  /** A forgotten one does not run any more. */
  ended(processId: string): void {
    this.#forgotten.delete(processId)
  }

  /** What would be lost with the session, for messages. */
  atStake(): string[] {
    // One whose start has no answer yet may be over already: only this session knows that it ran.
    const live = [...this.#known.values()].filter(({ isLive, isStarted }) => isLive || !isStarted)
    return [
      ...live.map(({ label }) => label),
      ...[...this.#forgotten].map((id) => `process ${JSON.stringify(id)}`),
    ]
  }

  /** The session is over: nothing more will be heard of any process. */
  lose(lost: string): void {
    this.#forgotten.clear()
    for (const process of this.#known.values()) process.lose(lost)
  }
}

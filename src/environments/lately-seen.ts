import type { Clock } from '../util/clock.ts'
import type { Environment } from './environment.ts'

/** As long as a lost connection is dialled. */
const LATELY_MS = 90_000

/**
 * Environments that were in the list a short while ago. A gateway that was started anew lists none until its machines have come back,
 * and their sessions have not ended: then a name must not be unknown, and no other machine be taken for the only one.
 */
export class LatelySeen {
  readonly #clock: Clock
  readonly #seen = new Map<string, { readonly environment: Environment; readonly atMs: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** These are in the list now. */
  note(environments: readonly Environment[]): void {
    const atMs = this.#clock.now()
    for (const environment of environments) this.#seen.set(environment.name, { environment, atMs })
    for (const [name, seen] of this.#seen) if (atMs - seen.atMs > LATELY_MS) this.#seen.delete(name)
  }

  /** Those that were seen lately and are not among `environments`. */
  missing(environments: readonly Environment[]): Environment[] {
    const there = new Set(environments.map(({ name }) => name))
    const nowMs = this.#clock.now()
    const seen = [...this.#seen.values()].filter(({ atMs }) => nowMs - atMs <= LATELY_MS)
    return seen.map(({ environment }) => environment).filter(({ name }) => !there.has(name))
  }
}

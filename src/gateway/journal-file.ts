import { readFileSync } from 'node:fs'
import { appendFile } from 'node:fs/promises'
import { writeAtomically } from '../util/atomic-file.ts'
import { BridgeError } from '../util/errors.ts'

/** A file of JSON lines that one process adds to: what a value costs does not grow with the number of those before it. */
export class JournalFile<T> {
  readonly path: string
  readonly #parse: (value: unknown) => T
  /** The last line may be cut: what is added next would be lost with it. */
  #isWhole = false

  constructor(path: string, parse: (value: unknown) => T) {
    this.path = path
    this.#parse = parse
  }

  /** All that was added, in that order. A line that cannot be read, as after a crash, is left out. Throws when the file cannot. */
  read(): T[] {
    this.#isWhole = false
    return this.#text()
      .split('\n')
      .flatMap((line) => {
        try {
          return [this.#parse(JSON.parse(line))]
        } catch {
          return []
        }
      })
  }

  /** Whether `add` may be used: not between `read`, or an error, and the next `replace`. */
  get isWhole(): boolean {
    return this.#isWhole
  }

  /** Adds a line. One call at a time. Rejects with what the system says. */
  async add(value: T): Promise<void> {
    this.#isWhole = false
    await appendFile(this.path, lineOf(value), { mode: 0o600 })
    this.#isWhole = true
  }

  /** Puts these in the place of all there is, whole or not at all. One call at a time. Rejects with what the system says. */
  async replace(values: readonly T[]): Promise<void> {
    await writeAtomically(this.path, values.map(lineOf).join(''))
    this.#isWhole = true
  }

  #text(): string {
    try {
      return readFileSync(this.path, 'utf8')
    } catch (error) {
      if (BridgeError.from(error).code === 'not_found') return ''
      throw error
    }
  }
}

function lineOf(value: unknown): string {
  return `${JSON.stringify(value)}\n`
}

import { readFileSync, statSync } from 'node:fs'
import { open, rm, stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { writeAtomically } from '../util/atomic-file.ts'
import { BridgeError } from '../util/errors.ts'

/** How long a change may be kept waiting by another process, and after how long that one is taken for dead. */
const LOCK_WAIT_MS = 5_000
const LOCK_STALE_MS = 10_000
const LOCK_RETRY_MS = 20

const NO_FILE = 'none'

/** What a file holds: its value from its JSON (throws a plain sentence when it is not one), and the one without a file. */
export interface FileShape<T> {
  parse(value: unknown): T
  empty(): T
}

/**
 * A small JSON file that several processes read and change: the gateway, and commands beside it. Reading looks at the
 * file's status each time, so that what another process wrote counts from the next look.
 */
export class SharedFile<T> {
  readonly path: string
  readonly #shape: FileShape<T>
  #seen: { readonly stamp: string; readonly value: T } | undefined

  constructor(path: string, shape: FileShape<T>) {
    this.path = path
    this.#shape = shape
  }

  /** What the file holds now. Throws `conflict` when it cannot be read as what it should be. */
  read(): T {
    const stamp = this.#stamp()
    if (this.#seen?.stamp !== stamp) this.#seen = { stamp, value: this.#load() }
    return this.#seen.value
  }

  /** What the file holds; made with the value it has without one when it is not there. The first who comes makes it. */
  async ensure(): Promise<T> {
    if (this.#stamp() === NO_FILE) await this.update((made) => made)
    return this.read()
  }

  /** Changes it, one process after the other, whole or not at all. Gives the new value. */
  async update(change: (value: T) => T): Promise<T> {
    try {
      await using _ = await lock(`${this.path}.lock`)
      const value = change(this.read())
      await writeAtomically(this.path, `${JSON.stringify(value, null, 2)}\n`)
      return value
    } catch (error) {
      if (error instanceof BridgeError) throw error
      const { code, message } = BridgeError.from(error)
      throw new BridgeError(code, `Cannot write the file "${this.path}": ${message}`, { cause: error })
    }
  }

  #stamp(): string {
    const status = statSync(this.path, { throwIfNoEntry: false, bigint: true })
    return status ? `${status.ino} ${status.mtimeNs} ${status.size}` : NO_FILE
  }

  #load(): T {
    try {
      return this.#shape.parse(JSON.parse(readFileSync(this.path, 'utf8')))
    } catch (error) {
      const { code, message } = BridgeError.from(error)
      if (code === 'not_found') return this.#shape.empty()
      throw new BridgeError('conflict', `Cannot use the file "${this.path}": ${message}`, { cause: error })
    }
  }
}

/** Holds a lock file until disposed. One that a dead process left behind is taken over. */
async function lock(path: string): Promise<AsyncDisposable> {
  const deadline = Date.now() + LOCK_WAIT_MS
  for (;;) {
    try {
      await (await open(path, 'wx', 0o600)).close()
      return { [Symbol.asyncDispose]: () => rm(path, { force: true }) }
    } catch (error) {
      if (BridgeError.from(error).code !== 'conflict') throw error
    }
    if (await isStale(path)) await rm(path, { force: true })
    else if (Date.now() > deadline)
      throw new BridgeError('conflict', `Cannot change the state: another process holds "${path}"`)
    else await sleep(LOCK_RETRY_MS)
  }
}

async function isStale(path: string): Promise<boolean> {
  const status = await stat(path).catch(() => undefined)
  return status !== undefined && Date.now() - status.mtimeMs > LOCK_STALE_MS
}

import { stat } from 'node:fs/promises'
import type { Clock } from '../util/clock.ts'

/** What a look costs is one `stat`; who waits for a rotated token waits so long at most, in ms. */
const LOOK_MS = 1000

/**
 * Calls `changed` when the file at `path` was written, or another one is there, until disposed; within 1 s. The file is looked at
 * again and again, which sees through symbolic links (Kubernetes swaps one of a directory), works on every file system, and does not
 * mind that the file or its directory is gone for a while: that alone is not told. Never keeps the process alive.
 */
export function watchFile(path: string, changed: () => void, clock: Clock): Disposable {
  const watch = new FileWatch(path, changed, clock)
  // Never rejects.
  void watch.begin()
  return watch
}

class FileWatch implements Disposable {
  readonly #path: string
  readonly #changed: () => void
  readonly #clock: Clock
  #seen: string | undefined
  #next: Disposable | undefined
  #isOver = false

  constructor(path: string, changed: () => void, clock: Clock) {
    this.#path = path
    this.#changed = changed
    this.#clock = clock
  }

  /** Takes the file as it is now for known. Never rejects. */
  async begin(): Promise<void> {
    this.#seen = await marksOf(this.#path)
    this.#lookLater()
  }

  [Symbol.dispose](): void {
    this.#isOver = true
    this.#next?.[Symbol.dispose]()
  }

  async #look(): Promise<void> {
    const marks = await marksOf(this.#path)
    if (this.#isOver) return
    const isNew = marks !== undefined && marks !== this.#seen
    this.#seen = marks ?? this.#seen
    this.#lookLater()
    if (isNew) this.#changed()
  }

  #lookLater(): void {
    if (this.#isOver) return
    // Never rejects.
    this.#next = this.#clock.after(LOOK_MS, () => void this.#look())
  }
}

/** What is different once a file was written, or is another one; undefined when there is none to be seen. Never rejects. */
async function marksOf(path: string): Promise<string | undefined> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true })
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
  } catch {
    return undefined
  }
}

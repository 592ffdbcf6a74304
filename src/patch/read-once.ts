import type { Files, Found } from './files.ts'

/** Files that are read once, also by who comes after a change. For sections that come one after the other. */
export class ReadOnce implements Files {
  readonly #files: Files
  readonly #texts = new Map<string, Uint8Array>()

  constructor(files: Files) {
    this.#files = files
  }

  look(path: string): Promise<Found | undefined> {
    return this.#files.look(path)
  }

  async read(path: string): Promise<Uint8Array> {
    const known = this.#texts.get(path)
    if (known) return known
    const bytes = await this.#files.read(path)
    this.#texts.set(path, bytes)
    return bytes
  }

  async write(path: string, bytes: Uint8Array, like?: string): Promise<void> {
    // A change may show under other names, through links: what else was read is forgotten, also when it fails half-way.
    this.#texts.clear()
    await this.#files.write(path, bytes, like)
    this.#texts.set(path, bytes)
  }

  rename(from: string, to: string): Promise<void> {
    this.#texts.clear()
    return this.#files.rename(from, to)
  }

  remove(path: string): Promise<void> {
    this.#texts.clear()
    return this.#files.remove(path)
  }

  makeDirectory(path: string): Promise<void> {
    return this.#files.makeDirectory(path)
  }

  identify(path: string): Promise<string> {
    return this.#files.identify(path)
  }
}

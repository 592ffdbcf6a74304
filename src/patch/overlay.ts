import { BridgeError } from '../util/errors.ts'
import {
  type Files,
  type Found,
  NO_SUCH_FILE,
  NOT_A_DIRECTORY,
  notAFile,
  refuseOtherThanFile,
} from './files.ts'
import { parentOf, pathsOf } from './paths.ts'

/** What a change would leave under a name. */
type Planned =
  | { readonly kind: 'file'; read(): Promise<Uint8Array> }
  | { readonly kind: 'directory' | 'none' }

/**
 * Files as they would be after the changes made here, which go no further: nothing is written. What a change would meet on the
 * machine is checked as far as looking can tell.
 */
export class Overlay implements Files {
  readonly #files: Files
  readonly #planned = new Map<string, Planned>()

  constructor(files: Files) {
    this.#files = files
  }

  async look(path: string): Promise<Found | undefined> {
    const planned = this.#planned.get(await this.identify(path))
    if (!planned) return this.#files.look(path)
    return planned.kind === 'none' ? undefined : { kind: planned.kind, size: undefined }
  }

  async read(path: string): Promise<Uint8Array> {
    const planned = this.#planned.get(await this.identify(path))
    switch (planned?.kind) {
      case undefined:
        return this.#files.read(path)
      case 'file':
        return planned.read()
      case 'directory':
        throw new BridgeError('conflict', notAFile(path))
      case 'none':
        throw new BridgeError('not_found', NO_SUCH_FILE)
    }
  }

  async write(path: string, bytes: Uint8Array): Promise<void> {
    await this.#requireRoom(path)
    this.#planned.set(await this.identify(path), { kind: 'file', read: async () => bytes })
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#requireRoom(to)
    const planned = this.#planned.get(await this.identify(from))
    const file = planned ?? { kind: 'file', read: () => this.#files.read(from) }
    this.#planned.set(await this.identify(to), file)
    this.#planned.set(await this.#entry(from), { kind: 'none' })
  }

  async remove(path: string): Promise<void> {
    const found = await this.look(path)
    if (!found) throw new BridgeError('not_found', NO_SUCH_FILE)
    if (found.kind !== 'file') throw new BridgeError('conflict', notAFile(path))
    this.#planned.set(await this.#entry(path), { kind: 'none' })
  }

  async makeDirectory(path: string): Promise<void> {
    const missing: string[] = []
    let found = await this.look(path)
    for (let at = path; !found && at !== parentOf(at); found = await this.look(at)) {
      missing.push(at)
      at = parentOf(at)
    }
    if (found && found.kind !== 'directory') throw new BridgeError('conflict', NOT_A_DIRECTORY)
    for (const at of missing) this.#planned.set(await this.identify(at), { kind: 'directory' })
  }

  async identify(path: string): Promise<string> {
    // An entry that was changed here is no longer the link it may have been.
    const entry = await this.#entry(path)
    return this.#planned.has(entry) ? entry : this.#files.identify(path)
  }

  async #entry(path: string): Promise<string> {
    const { basename, join } = pathsOf(path)
    return join(await this.#files.identify(parentOf(path)), basename(path))
  }

  /** A file may be written where one is, or where nothing is in a directory that is there. */
  async #requireRoom(path: string): Promise<void> {
    const found = await this.look(path)
    refuseOtherThanFile(found, path)
    if (found) return
    const parent = await this.look(parentOf(path))
    if (!parent) throw new BridgeError('not_found', NO_SUCH_FILE)
    if (parent.kind !== 'directory') throw new BridgeError('conflict', NOT_A_DIRECTORY)
  }
}

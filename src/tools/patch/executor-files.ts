import {
  type Files,
  type Found,
  MAX_FILE_BYTES,
  NO_SUCH_FILE,
  notAFile,
  refuseOtherThanFile,
  TOO_LARGE,
} from '../../patch/files.ts'
import { parentOf, pathsOf } from '../../patch/paths.ts'
import type { Executor, FileMetadata } from '../../protocol/executor.ts'
import { BridgeError } from '../../util/errors.ts'
import type { Machine } from './machine.ts'
import { withAftermath } from './reason.ts'
import { writeBeside } from './write-beside.ts'
import { writeInPlace } from './write-in-place.ts'

/** The files of a machine behind an executor, by its file methods alone. For one call: it remembers what it saw. */
export class ExecutorFiles implements Files {
  readonly #machine: Machine
  readonly #names = new Map<string, Promise<string>>()
  /** What files held when they were read, to be put back when a write goes wrong. */
  readonly #texts = new Map<string, Uint8Array>()

  constructor(machine: Machine) {
    this.#machine = machine
  }

  async look(path: string): Promise<Found | undefined> {
    const found = await this.#machine.metadata(path)
    return found && { kind: found.kind, size: found.size }
  }

  async read(path: string): Promise<Uint8Array> {
    const found = await this.#machine.metadata(path)
    if (!found) throw new BridgeError('not_found', NO_SUCH_FILE)
    if (found.kind !== 'file') throw new BridgeError('conflict', notAFile(path))
    const bytes = await this.#machine.ask((executor, options) => {
      refuseSize(found.size ?? 0, executor)
      return executor.readFile(path, { ...options, maxBytes: MAX_FILE_BYTES })
    })
    this.#texts.set(path, bytes)
    return bytes
  }

  async write(path: string, bytes: Uint8Array, like?: string): Promise<void> {
    const there = await this.#machine.metadata(path)
    refuseOtherThanFile(there, path)
    const { rename } = await this.#machine.ask(async (executor) => {
      refuseSize(bytes.length, executor)
      return executor.features
    })
    const source = like === undefined ? undefined : await this.#behindLink(like)
    const isReplaced =
      rename &&
      (there ? there.replaceable : source !== undefined) &&
      (await writeBeside(this.#machine, { path, bytes, like: source ?? path }))
    if (isReplaced) return
    const old = there ? this.#texts.get(path) : 'none'
    await writeInPlace(this.#machine, { path, bytes, like: source, old })
  }

  async rename(from: string, to: string): Promise<void> {
    const there = await this.#machine.metadata(to)
    refuseOtherThanFile(there, to)
    const source = await this.#behindLink(from)
    const isRenamed = source === from && (await this.#renameEntry(from, to, there))
    if (!isRenamed) {
      await this.#copy(source, to, there)
      await this.#removeOriginal(from)
    }
    this.#names.delete(from)
  }

  async remove(path: string): Promise<void> {
    const found = await this.#machine.metadata(path)
    if (!found) throw new BridgeError('not_found', NO_SUCH_FILE)
    if (found.kind !== 'file') throw new BridgeError('conflict', notAFile(path))
    try {
      const request = { recursive: false, force: false }
      await this.#machine.change((executor, options) => executor.remove(path, request, options))
    } catch (error) {
      // Only its answer may have been lost.
      if (await this.#machine.isThere(path, BridgeError.from(error))) throw error
    }
    this.#names.delete(path)
  }

  async makeDirectory(path: string): Promise<void> {
    const request = { recursive: true }
    await this.#machine.change((executor, options) => executor.createDirectory(path, request, options))
  }

  identify(path: string): Promise<string> {
    const known = this.#names.get(path)
    if (known) return known
    const name = this.#identify(path)
    this.#names.set(path, name)
    return name
  }

  async #identify(path: string): Promise<string> {
    try {
      return await this.#machine.ask((executor, options) => executor.canonicalize(path, options))
    } catch (error) {
      const parent = parentOf(path)
      const { code } = BridgeError.from(error)
      if ((code !== 'not_found' && code !== 'conflict') || parent === path) throw error
      const { basename, join } = pathsOf(path)
      return join(await this.identify(parent), basename(path))
    }
  }

  /** The file itself: copies of links are links. */
  async #behindLink(path: string): Promise<string> {
    return (await this.#machine.metadata(path))?.isSymlink ? this.identify(path) : path
  }

  /** False when the names alone cannot be changed. */
  async #renameEntry(from: string, to: string, there: FileMetadata | undefined): Promise<boolean> {
    const { features } = await this.#machine.ask(async (executor) => executor)
    if (!features.rename || (there && !there.replaceable)) return false
    try {
      await this.#machine.change((executor, options) => executor.rename(from, to, options))
      return true
    } catch (error) {
      const reason = BridgeError.from(error)
      if (/different file systems|cross-device/i.test(reason.message)) return false
      if (await this.#machine.isThere(from, reason)) throw error
      return true
    }
  }

  async #removeOriginal(path: string): Promise<void> {
    try {
      await this.remove(path)
    } catch (error) {
      throw withAftermath(BridgeError.from(error), 'it was copied, and is there under both names')
    }
  }

  async #copy(from: string, to: string, there: FileMetadata | undefined): Promise<void> {
    try {
      const request = { recursive: false }
      await this.#machine.change((executor, options) => executor.copy(from, to, request, options))
    } catch (error) {
      if (!there && (await this.#machine.isThere(to, BridgeError.from(error)))) await this.remove(to)
      throw error
    }
  }
}

function refuseSize(bytes: number, { features }: Executor): void {
  if (bytes > MAX_FILE_BYTES) throw new BridgeError('invalid_input', TOO_LARGE)
  const limit = features.maxWriteFileBytes
  if (bytes > limit)
    throw new BridgeError(
      'invalid_input',
      `the file has ${bytes} bytes, and this executor takes at most ${limit} in one write`,
    )
}

import { constants } from 'node:fs'
import { type FileHandle, open, rename } from 'node:fs/promises'
import { BridgeError } from '../util/errors.ts'

export interface RotatedFileOptions {
  /** What is added is at most this, or the file has it alone. */
  readonly maxFileBytes: number
  readonly keptFiles: number
}

/** Not waiting: to open a pipe that nobody reads would take without end. */
const FLAGS = constants.O_APPEND | constants.O_CREAT | constants.O_WRONLY | (constants.O_NONBLOCK ?? 0)

/**
 * A file, 0600, that only grows, up to a size: then it becomes `PATH.1`, the one before that `PATH.2`, and so on, and the oldest
 * is gone. It is opened for each addition, so that it may be moved away by others too.
 */
export class RotatedFile {
  readonly path: string
  readonly #options: RotatedFileOptions

  constructor(path: string, options: RotatedFileOptions) {
    this.path = path
    this.#options = options
  }

  /** Adds all of a text or nothing, as far as the system allows. Rejects with the system's own error. */
  async append(text: string): Promise<void> {
    const bytes = Buffer.from(text)
    if (await this.#isFull(bytes.byteLength)) await this.#rotate()
    await using file = await openForAppend(this.path)
    const { size } = await file.stat()
    try {
      await file.writeFile(bytes)
    } catch (error) {
      await file.truncate(size).catch(() => {}) // the same disk: there may be no way
      throw error
    }
  }

  async #isFull(bytes: number): Promise<boolean> {
    await using file = await openForAppend(this.path)
    const { size } = await file.stat()
    return size > 0 && size + bytes > this.#options.maxFileBytes
  }

  async #rotate(): Promise<void> {
    for (let number = this.#options.keptFiles; number > 0; number--) {
      const from = number === 1 ? this.path : `${this.path}.${number - 1}`
      await rename(from, `${this.path}.${number}`).catch(ignoreMissing)
    }
  }
}

/** Rejects with `conflict` when something else than a file is there. */
async function openForAppend(path: string): Promise<FileHandle> {
  const file = await open(path, FLAGS, 0o600)
  try {
    const status = await file.stat()
    if (!status.isFile()) throw new BridgeError('conflict', `"${path}" is not a file`)
    if ((status.mode & 0o077) !== 0 && process.platform !== 'win32') await file.chmod(0o600)
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}

function ignoreMissing(error: unknown): void {
  if (BridgeError.from(error).code !== 'not_found') throw error
}

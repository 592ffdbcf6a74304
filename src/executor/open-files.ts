import type { OpenFile } from '../protocol/executor.ts'
import { PROTOCOL_LIMITS } from '../protocol/methods.ts'
import { wireError } from './wire-error.ts'

/** The files that one connection has open, by the ids it gave them. They end with it. */
export class OpenFiles {
  readonly #files = new Map<string, Promise<OpenFile>>()
  #isClosed = false

  /** Opens one under a new id. */
  async open(handleId: string, work: () => Promise<OpenFile>): Promise<void> {
    const { handleIdBytes, openFiles } = PROTOCOL_LIMITS
    if (Buffer.byteLength(handleId) > handleIdBytes)
      throw wireError('invalidRequest', `handleId is longer than ${handleIdBytes} bytes`)
    if (this.#files.has(handleId)) throw wireError('invalidRequest', `file handle \`${handleId}\` exists`)
    if (this.#files.size >= openFiles)
      throw wireError('invalidRequest', `${openFiles} files are open: close one first`)
    const opening = work()
    this.#files.set(handleId, opening)
    try {
      const file = await opening
      // The connection has ended meanwhile, and `closeAll` with it.
      if (this.#isClosed) await file.close()
    } catch (error) {
      this.#files.delete(handleId)
      throw error
    }
  }

  async get(handleId: string): Promise<OpenFile> {
    const file = this.#files.get(handleId)
    if (file) return file
    throw wireError('notFound', `unknown file handle \`${handleId}\``)
  }

  /** An id that is not known is fine. */
  async close(handleId: string): Promise<void> {
    const file = this.#files.get(handleId)
    this.#files.delete(handleId)
    await (await file)?.close()
  }

  /** Never rejects. */
  async closeAll(): Promise<void> {
    this.#isClosed = true
    await Promise.allSettled([...this.#files.keys()].map((handleId) => this.close(handleId)))
  }
}

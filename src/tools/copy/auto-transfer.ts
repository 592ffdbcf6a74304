import { BridgeError } from '../../util/errors.ts'
import { bridgesTransfer } from './bridges-transfer.ts'
import type { CopyJob, FileTransfer, Transfer } from './copy-job.ts'
import { metadataIfThere } from './machine.ts'

/**
 * Below it a file is there over the bridges before both ends have begun to speak HTTP (a ticket, and two processes on stock
 * executors: some 50 ms, in which the bridges carry 5 to 10 MB). A directory needs two processes either way.
 */
const WORTH_IT_BYTES = 8 * 1024 * 1024

/** Over HTTP where that is worth it, and over the bridges where it is not, cannot be, or fails before a byte has arrived. */
export class AutoTransfer implements Transfer {
  readonly #http: Transfer
  readonly #notes: string[] = []
  #used: Transfer

  constructor(http: Transfer) {
    this.#http = http
    this.#used = http
  }

  /** The way that was taken. */
  get name(): Transfer['name'] {
    return this.#used.name
  }

  get notes(): readonly string[] {
    return this.#notes
  }

  checkTree(job: CopyJob): Promise<void> {
    return this.#used.checkTree(job)
  }

  file(job: CopyJob, partial: string): Promise<FileTransfer> {
    if ((job.source.metadata.size ?? 0) >= WORTH_IT_BYTES)
      return this.#try(job, partial, (transfer) => transfer.file(job, partial))
    this.#used = bridgesTransfer
    return this.#used.file(job, partial)
  }

  tree(job: CopyJob, partial: string): Promise<void> {
    return this.#try(job, partial, (transfer) => transfer.tree(job, partial))
  }

  async #try<T>(job: CopyJob, partial: string, send: (transfer: Transfer) => Promise<T>): Promise<T> {
    try {
      return await send(this.#http)
    } catch (reason) {
      const error = BridgeError.from(reason)
      if (job.signal.aborted || !isOfTheWay(error) || !(await isUntouched(job, partial))) throw reason
      this.#notes.push(`Not over HTTP: ${error.message}.`)
    }
    this.#used = bridgesTransfer
    return send(bridgesTransfer)
  }
}

/** `denied`: the gateway gives no ticket. What a machine says of its files is said again over the bridges. */
function isOfTheWay({ code }: BridgeError): boolean {
  return code === 'unavailable' || code === 'denied' || code === 'deadline'
}

/** Nothing has arrived. A directory that is empty goes: the next way makes its own. */
async function isUntouched({ target, signal }: CopyJob, partial: string): Promise<boolean> {
  const { executor } = target
  const there = await metadataIfThere(executor, partial, { signal })
  if (there?.kind !== 'directory') return !there?.size
  if ((await executor.list(partial, { signal })).length > 0) return false
  await executor.remove(partial, { recursive: false, force: true }, { signal })
  return true
}

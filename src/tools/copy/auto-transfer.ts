import { BridgeError } from '../../util/errors.ts'
import { bridgesTransfer } from './bridges-transfer.ts'
import type { CopyJob, FileTransfer, FileWork, Transfer, TreeWork } from './copy-job.ts'
import type { HttpTransfer } from './http-transfer.ts'
import { metadataIfThere } from './machine.ts'

/**
 * Below it a file is there over the bridges before both ends have begun to speak HTTP (a ticket, and two processes on stock
 * executors: some 50 ms, in which the bridges carry 5 to 10 MB). A directory needs two processes either way.
 */
const WORTH_IT_BYTES = 8 * 1024 * 1024

/** Over HTTP where that is worth it, and over the bridges where it is not, cannot be, or fails before a byte has arrived. */
export class AutoTransfer implements Transfer {
  readonly #http: HttpTransfer
  readonly #notes: string[] = []
  #used: Transfer = bridgesTransfer

  constructor(http: HttpTransfer) {
    this.#http = http
  }

  /** The way that was taken. */
  get name(): Transfer['name'] {
    return this.#used.name
  }

  get notes(): readonly string[] {
    return this.#notes
  }

  async foresee(job: CopyJob, bytes: number): Promise<Transfer['name']> {
    if (job.source.metadata.kind !== 'directory' && bytes < WORTH_IT_BYTES) return bridgesTransfer.name
    try {
      await this.#http.check(job)
      return this.#http.name
    } catch (reason) {
      if (job.signal.aborted || !isOfTheWay(BridgeError.from(reason))) throw reason
      return bridgesTransfer.name
    }
  }

  checkTree(job: CopyJob): Promise<void> {
    return this.#http.checkTree(job)
  }

  async file(job: CopyJob, work: FileWork): Promise<FileTransfer> {
    const { size = 0 } = work.attributes
    const isWorthIt = size - work.offset >= WORTH_IT_BYTES
    const isUntouched = async () => (await bytesAt(job, work.partial)) <= work.offset
    return isWorthIt
      ? this.#try(job, (transfer) => transfer.file(job, work), isUntouched)
      : bridgesTransfer.file(job, work)
  }

  tree(job: CopyJob, work: TreeWork): Promise<void> {
    const isUntouched = async () => work.names === '' && (await isEmpty(job, work.partial))
    return this.#try(job, (transfer) => transfer.tree(job, work), isUntouched)
  }

  async #try<T>(
    job: CopyJob,
    send: (transfer: Transfer) => Promise<T>,
    isUntouched: () => Promise<boolean>,
  ): Promise<T> {
    try {
      await this.#http.prepare(job)
      this.#used = this.#http
      return await send(this.#http)
    } catch (reason) {
      const error = BridgeError.from(reason)
      if (job.signal.aborted || !isOfTheWay(error)) throw reason
      if (this.#used === this.#http && !(await isUntouched())) throw reason
      this.#used = bridgesTransfer
      this.#notes.push(`Not over HTTP: ${error.message}.`)
    }
    return send(bridgesTransfer)
  }
}

/** `denied`: the gateway gives no ticket. What a machine says of its files is said again over the bridges. */
function isOfTheWay({ code }: BridgeError): boolean {
  return code === 'unavailable' || code === 'denied' || code === 'deadline'
}

async function bytesAt({ target, signal }: CopyJob, path: string): Promise<number> {
  return (await metadataIfThere(target.executor, path, { signal }))?.size ?? 0
}

async function isEmpty({ target, signal }: CopyJob, path: string): Promise<boolean> {
  return (await target.executor.list(path, { signal })).length === 0
}

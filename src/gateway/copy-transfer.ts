import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../util/clock.ts'
import { deferred } from '../util/deferred.ts'
import { BridgeError } from '../util/errors.ts'
import { HttpError } from './http-error.ts'

/** What the upload is told when all of it has gone through. */
export interface CopyStatistics {
  readonly bytes: number
  readonly durationMs: number
}

export interface CopyTransferOptions {
  readonly maxBytes: number
  /** How long nothing may flow. */
  readonly idleMs: number
  readonly clock: Clock
}

/**
 * One copy: who uploads and who downloads come in any order, wait for each other, and then the bytes go straight through,
 * as fast as the slower one. Nothing is stored. What ends one end ends the other.
 */
export class CopyTransfer {
  readonly #options: CopyTransferOptions
  readonly #result = deferred<CopyStatistics>()
  #upload: IncomingMessage | undefined
  #download: ServerResponse | undefined
  #bytes = 0
  #isOver = false
  #idle: Disposable | undefined

  constructor(options: CopyTransferOptions) {
    this.#options = options
    this.#result.promise.catch(() => {}) // when nobody has come yet
  }

  /** Resolves when the copy is done (`ok`), has failed, or has expired: with the reason. */
  over(): Promise<string> {
    return this.#result.promise.then(
      () => 'ok',
      (error: unknown) => BridgeError.from(error).message,
    )
  }

  /** What has gone through. */
  get bytes(): number {
    return this.#bytes
  }

  /** Takes the upload; resolves when all of it went through. Throws 423 for a second one, and why a copy failed. */
  async upload(request: IncomingMessage): Promise<CopyStatistics> {
    if (this.#upload) throw new HttpError(423, 'This ticket has an upload already')
    this.#upload = request
    request.on('close', () => {
      if (!request.complete) this.abort(new HttpError(410, 'The upload was cut'))
    })
    if (Number(request.headers['content-length'] ?? 0) > this.#options.maxBytes) this.abort(this.#tooLarge())
    else this.#begin()
    return this.#result.promise
  }

  /** Takes the download, and writes it. Throws 423 for a second one, and why a copy failed. */
  async download(response: ServerResponse): Promise<void> {
    if (this.#download) throw new HttpError(423, 'This ticket has a download already')
    this.#download = response
    response.on('close', () => this.abort(new HttpError(410, 'The download was cut')))
    this.#begin()
    await this.#result.promise
  }

  /** Its time is over: both ends must have come by now. */
  expire(): void {
    if (!this.#idle) this.abort(new HttpError(410, 'This ticket has expired: nobody came for the other end'))
  }

  /** Ends it for both ends; does nothing when it is over. */
  abort(error: HttpError): void {
    this.#isOver = true
    this.#idle?.[Symbol.dispose]()
    this.#result.reject(error)
  }

  #begin(): void {
    const upload = this.#upload
    const download = this.#download
    if (!upload || !download) return
    const startedAt = this.#options.clock.now()
    const length = upload.headers['content-length']
    download.writeHead(200, {
      'Content-Type': 'application/octet-stream',
      'Cache-Control': 'no-store',
      ...(length === undefined ? {} : { 'Content-Length': length }),
    })
    download.flushHeaders()
    download.on('drain', () => upload.resume())
    download.on('finish', () => {
      this.#idle?.[Symbol.dispose]()
      this.#result.resolve({
        bytes: this.#bytes,
        durationMs: Math.round(this.#options.clock.now() - startedAt),
      })
    })
    upload.on('data', (chunk: Buffer) => this.#pass(chunk, upload, download))
    upload.on('end', () => download.end())
    this.#watch()
  }

  #pass(chunk: Buffer, upload: IncomingMessage, download: ServerResponse): void {
    if (this.#isOver) return
    this.#bytes += chunk.byteLength
    if (this.#bytes > this.#options.maxBytes) return this.abort(this.#tooLarge())
    if (!download.write(chunk)) upload.pause()
  }

  /** Looks now and then whether anything flowed since the last look. */
  #watch(): void {
    const { clock, idleMs } = this.#options
    const before = this.#bytes
    this.#idle = clock.after(idleMs, () => {
      if (this.#bytes === before) this.abort(new HttpError(408, 'The copy stood still for too long'))
      else this.#watch()
    })
  }

  #tooLarge(): HttpError {
    return new HttpError(413, `The copy is over its ${this.#options.maxBytes} bytes`)
  }
}

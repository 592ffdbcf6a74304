import type { Clock } from '../util/clock.ts'
import { deferred } from '../util/deferred.ts'
import { BridgeError } from '../util/errors.ts'
import type { Logger } from '../util/log.ts'
import { RotatedFile } from './rotated-file.ts'

const AUDIT_LIMITS = {
  /** A file of this size is put aside, and so many of those are kept: half a million calls in all. */
  maxFileBytes: 32 * 1024 * 1024,
  keptFiles: 5,
  /** Lines that wait while the disk is slow or full; those beyond are counted, not kept. */
  maxQueueBytes: 4 * 1024 * 1024,
  /** Lines are gathered for so long, then written together; after a failure the next try comes later. */
  gatherMs: 100,
  retryMs: 5_000,
  /** How long the last write may take when the gateway ends. */
  closeTimeoutMs: 2_000,
} as const

export interface AuditFileOptions {
  readonly logger: Logger
  readonly clock: Clock
  readonly limits?: { readonly [K in keyof typeof AUDIT_LIMITS]?: number }
}

/**
 * Lines on their way into a rotated file. To write one never waits and never throws: what the disk does not take is tried again,
 * in the end counted, and told to the log once. The relay notices nothing.
 */
export class AuditFile implements AsyncDisposable {
  readonly #file: RotatedFile
  readonly #logger: Logger
  readonly #clock: Clock
  readonly #limits: { readonly [K in keyof typeof AUDIT_LIMITS]: number }
  #lines: string[] = []
  #waitingBytes = 0
  #lost = 0
  #isFailing = false
  #timer: Disposable | undefined
  #writing: Promise<void> | undefined

  /** Opens the file once, so that a path that cannot be used is told at the start. Rejects with what to do about it. */
  static async open(path: string, options: AuditFileOptions): Promise<AuditFile> {
    const audit = new AuditFile(path, options)
    try {
      await audit.#file.append('')
      return audit
    } catch (error) {
      const { code, message } = BridgeError.from(error)
      throw new BridgeError(
        code,
        `Cannot write the audit to "${path}": ${message}; give another file with --audit, or --audit off`,
        { cause: error },
      )
    }
  }

  private constructor(path: string, { logger, clock, limits }: AuditFileOptions) {
    this.#limits = { ...AUDIT_LIMITS, ...limits }
    this.#file = new RotatedFile(path, this.#limits)
    this.#logger = logger
    this.#clock = clock
  }

  /** Adds a line; it is on disk a moment later. */
  write(line: string): void {
    const bytes = Buffer.byteLength(line) + 1
    if (this.#waitingBytes + bytes > this.#limits.maxQueueBytes) {
      this.#lost++
      return
    }
    this.#lines.push(line)
    this.#waitingBytes += bytes
    this.#writeAfter(this.#limits.gatherMs)
  }

  /** Writes what waits, bounded. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer?.[Symbol.dispose]()
    const late = deferred<void>()
    using _ = this.#clock.after(this.#limits.closeTimeoutMs, () => late.resolve())
    await Promise.race([this.#writeAll(), late.promise])
  }

  #writeAfter(ms: number): void {
    if (this.#writing) return
    // Never rejects.
    this.#timer ??= this.#clock.after(ms, () => void this.#writeOnce())
  }

  /** For the end: also what came while a write was under way. */
  async #writeAll(): Promise<void> {
    await this.#writing
    await this.#writeOnce()
  }

  async #writeOnce(): Promise<void> {
    this.#timer = undefined
    if (this.#lines.length === 0 && this.#lost === 0) return
    this.#writing = this.#write(this.#lines, this.#waitingBytes, this.#lost)
    await this.#writing
    this.#writing = undefined
    if (this.#lines.length > 0)
      this.#writeAfter(this.#isFailing ? this.#limits.retryMs : this.#limits.gatherMs)
  }

  async #write(lines: string[], bytes: number, lost: number): Promise<void> {
    this.#lines = []
    const said =
      lost === 0 ? [] : [JSON.stringify({ time: new Date().toISOString(), event: 'lost', lines: lost })]
    try {
      await this.#file.append([...lines, ...said].map((line) => `${line}\n`).join(''))
      this.#waitingBytes -= bytes
      this.#lost -= lost
      if (this.#isFailing) this.#logger.info({ file: this.#file.path, lost }, 'audit written again')
      this.#isFailing = false
    } catch (error) {
      this.#lines = [...lines, ...this.#lines]
      if (!this.#isFailing)
        this.#logger.error(
          { file: this.#file.path, error: BridgeError.from(error).message },
          'audit not written',
        )
      this.#isFailing = true
    }
  }
}

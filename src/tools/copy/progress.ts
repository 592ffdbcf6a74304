/** Progress is for people: twice a second is enough. */
const INTERVAL_MS = 500

/** Where progress goes, as the caller of a tool takes it. */
export type ReportProgress = (done: number, total?: number, message?: string) => void

/** Counts the bytes of all copies of a call, and tells about them now and then, at most twice a second. */
export class CopyProgress {
  readonly #report: ReportProgress
  readonly #now: () => number
  readonly #startedMs: number
  #done = 0
  #skipped = 0
  #total: number | undefined
  #lastMs = Number.NEGATIVE_INFINITY

  constructor(report: ReportProgress, now: () => number = () => performance.now()) {
    this.#report = report
    this.#now = now
    this.#startedMs = now()
  }

  /** So many bytes more are to be there in the end. */
  expect(bytes: number): void {
    this.#total = (this.#total ?? 0) + bytes
  }

  /** So many of them are there already, from an earlier try. */
  skip(bytes: number): void {
    this.#done += bytes
    this.#skipped += bytes
  }

  moved(bytes: number): void {
    this.#done += bytes
    const now = this.#now()
    if (now - this.#lastMs < INTERVAL_MS) return
    this.#lastMs = now
    this.#report(this.#done, this.#mostLikelyTotal, this.toString())
  }

  /** Bytes, total, rate and an estimate: `12.0 of 100.0 MB, 40.0 MB/s, about 3 s left`. */
  toString(): string {
    const total = this.#mostLikelyTotal
    const seconds = (this.#now() - this.#startedMs) / 1000
    const rate = (this.#done - this.#skipped) / Math.max(seconds, 0.001)
    const of = total === undefined ? '' : ` of ${megabytes(total)}`
    const left = total === undefined || rate === 0 ? undefined : Math.ceil((total - this.#done) / rate)
    const estimate = left === undefined ? '' : `, about ${left.toLocaleString('en-US')} s left`
    return `${megabytes(this.#done)}${of} MB, ${megabytes(rate)} MB/s${estimate}`
  }

  /** The stream of a directory is a little longer than its files. */
  get #mostLikelyTotal(): number | undefined {
    return this.#total === undefined ? undefined : Math.max(this.#total, this.#done)
  }
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1)
}

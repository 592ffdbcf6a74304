/** Progress is for people: twice a second is enough. */
const INTERVAL_MS = 500

/** Where progress goes, as the caller of a tool takes it. */
export type ReportProgress = (done: number, total?: number, message?: string) => void

/** Counts bytes and tells about them now and then, at most twice a second. */
export class CopyProgress {
  readonly #report: ReportProgress
  readonly #now: () => number
  #done = 0
  #total: number | undefined
  #lastMs = Number.NEGATIVE_INFINITY

  constructor(report: ReportProgress, now: () => number = () => performance.now()) {
    this.#report = report
    this.#now = now
  }

  expect(bytes: number): void {
    this.#total = bytes
  }

  moved(bytes: number): void {
    this.#done += bytes
    const now = this.#now()
    if (now - this.#lastMs < INTERVAL_MS) return
    this.#lastMs = now
    // The stream of a directory is a little longer than its files.
    const total = this.#total === undefined ? undefined : Math.max(this.#total, this.#done)
    this.#report(this.#done, total, 'bytes')
  }
}

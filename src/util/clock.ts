/** Time as a thing with a life sees it, handed in so that tests drive it. */
export interface Clock {
  /** ms on a clock that never goes back. */
  now(): number
  /** Calls once after `ms`, unless disposed before. */
  after(ms: number, callback: () => void): Disposable
}

/** The machine's own clock. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, callback) {
    let timer: NodeJS.Timeout
    const wait = (leftMs: number) => {
      const isLast = leftMs <= LONGEST_MS
      timer = setTimeout(isLast ? callback : () => wait(leftMs - LONGEST_MS), Math.min(leftMs, LONGEST_MS))
      timer.unref()
    }
    wait(ms)
    return { [Symbol.dispose]: () => clearTimeout(timer) }
  },
}

/** The most that a timer takes; with more it would fire at once. */
const LONGEST_MS = 2 ** 31 - 1

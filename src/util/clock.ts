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
    const timer = setTimeout(callback, ms)
    timer.unref()
    return { [Symbol.dispose]: () => clearTimeout(timer) }
  },
}

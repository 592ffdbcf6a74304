import type { Clock } from './clock.ts'

/** Starts to measure. What it gives tells the ms since then, those included in which this machine slept and `clock` stood still. */
export function stopwatch(clock: Clock, wallNow: () => number): () => number {
  const [startMs, startWallMs] = [clock.now(), wallNow()]
  return () => Math.max(clock.now() - startMs, wallNow() - startWallMs)
}

/** One line of the table. `ratio` is against the reference named in `note`, measured in the same run. */
export interface Row {
  readonly name: string
  readonly ratio: number
  /** What the ratio should stay at or under; negative: at or over. */
  readonly goal: number
  readonly note: string
}

/** The value that so many percent are at or under. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(Math.floor((sorted.length * percent) / 100), sorted.length - 1)] ?? Number.NaN
}

/** The middle value. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/**
 * Runs each way in turn, `rounds` times, after one round to warm up, so that a noisy minute hits all alike. Gives the
 * median of each, in ms.
 */
export async function interleave<K extends string>(
  rounds: number,
  ways: Record<K, () => Promise<void>>,
): Promise<Record<K, number>> {
  const names = Object.keys(ways) as K[]
  const times = new Map<K, number[]>(names.map((name) => [name, []]))
  for (let round = -1; round < rounds; round++) {
    for (const name of names) {
      const startedAt = performance.now()
      await ways[name]()
      if (round >= 0) times.get(name)!.push(performance.now() - startedAt)
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(times.get(name)!)])) as Record<K, number>
}

export function ms(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 0)} ms`
}

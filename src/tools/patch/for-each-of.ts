/** Does `work` for each item, at most so many at a time, in order as they begin. Rejects with the first that rejects. */
export async function forEachOf<T>(
  items: readonly T[],
  concurrent: number,
  work: (item: T, index: number) => Promise<void>,
): Promise<void> {
  const entries = items.entries()
  const worker = async () => {
    for (const [index, item] of entries) await work(item, index)
  }
  await Promise.all(Array.from({ length: Math.min(concurrent, items.length) }, worker))
}

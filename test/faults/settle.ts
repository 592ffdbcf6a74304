/** Looks until nothing is found, for at most `ms`; gives what is found then. */
export async function settle<T>(
  look: () => readonly T[] | Promise<readonly T[]>,
  ms: number,
): Promise<readonly T[]> {
  const lastMs = performance.now() + ms
  for (;;) {
    const found = await look()
    if (found.length === 0 || performance.now() > lastMs) return found
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

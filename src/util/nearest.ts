/**
 * The one of `names` that `wanted` was most likely meant to be: the fewest letters added, left out, changed or swapped
 * with a neighbour, whatever the case. `undefined` when none is near: more than a third of the letters would differ.
 */
export function nearest(wanted: string, names: readonly string[]): string | undefined {
  let best: string | undefined
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1
  for (const name of names) {
    if (Math.abs(name.length - wanted.length) >= bestDistance) continue
    const d = distance(wanted.toLowerCase(), name.toLowerCase())
    if (d >= bestDistance) continue
    best = name
    bestDistance = d
  }
  return best
}

/** Edits between two words (Damerau–Levenshtein, swaps of neighbours only), row by row. */
function distance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const changed = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const swapped = isSwap ? beforeLast[j - 2]! + 1 : Number.POSITIVE_INFINITY
      row.push(Math.min(changed, swapped, last[j]! + 1, row[j - 1]! + 1))
    }
    beforeLast = last
    last = row
  }
  return last[b.length]!
}

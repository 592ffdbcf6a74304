/**
 * Sorts sections into groups that have nothing to do with each other, given the names each one touches: sections meet where they
 * touch the same name, or one a directory of the other's. Groups and their members are in the order of the sections.
 */
export function groupsThatMeet(names: readonly (readonly string[])[]): number[][] {
  const leaders = names.map((_, section) => section)
  for (const [a, b] of meetings(names)) join(leaders, a, b)
  const groups = new Map<number, number[]>()
  for (const section of leaders.keys()) {
    const leader = leaderOf(leaders, section)
    groups.set(leader, [...(groups.get(leader) ?? []), section])
  }
  return [...groups.values()]
}

/** Pairs of sections that meet. Sorted, all that lies in a directory follows the directory at once. */
function meetings(names: readonly (readonly string[])[]): [number, number][] {
  const pairs: [number, number][] = []
  const above: Entry[] = []
  for (const entry of sortedEntries(names)) {
    while (above.length > 0 && !isWithin(entry.name, above.at(-1)!.name)) above.pop()
    const [nearest] = above.slice(-1)
    if (nearest) pairs.push([nearest.section, entry.section])
    above.push(entry)
  }
  return pairs
}

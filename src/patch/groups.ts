/**
 * Sorts sections into groups that have nothing to do with each other, given the names each one touches. Sections meet where they
 * touch the same name, or one a directory that holds the other's. Groups and their members keep the order of the sections.
 */
export function groupsThatMeet(names: readonly (readonly string[])[]): number[][] {
  const leaders = names.map((_, section) => section)
  for (const [a, b] of meetings(names)) join(leaders, a, b)
  const groups = new Map<number, number[]>()
  for (const section of leaders.keys()) {
    const leader = leaderOf(leaders, section)
    const group = groups.get(leader)
    if (group) group.push(section)
    else groups.set(leader, [section])
  }
  return [...groups.values()]
}

/** Pairs of sections that meet. In the order of the names, what lies in a directory follows the directory. */
function meetings(names: readonly (readonly string[])[]): [number, number][] {
  const entries = names.flatMap((own, section) => own.map((name) => ({ name: comparable(name), section })))
  entries.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
  const pairs: [number, number][] = []
  const above: typeof entries = []
  for (const entry of entries) {
    while (above.length > 0 && !entry.name.startsWith(above.at(-1)!.name)) above.pop()
    if (above.length > 0) pairs.push([above.at(-1)!.section, entry.section])
    above.push(entry)
  }
  return pairs
}

/**
 * A name whose parts are closed by a character that sorts before all others. Case and the kind of slash are left out: a file
 * system may not know the difference, and to meet without need costs only time.
 */
function comparable(name: string): string {
  return `${name.replace(/[/\\]+$/, '').replace(/[/\\]+/g, '\0')}\0`.toLowerCase()
}

function leaderOf(leaders: number[], section: number): number {
  let leader = section
  while (leaders[leader] !== leader) leader = leaders[leader] = leaders[leaders[leader]!]!
  return leader
}

/** The first section leads. */
function join(leaders: number[], a: number, b: number): void {
  const [first, second] = [leaderOf(leaders, a), leaderOf(leaders, b)].sort((x, y) => x - y)
  leaders[second!] = first!
}

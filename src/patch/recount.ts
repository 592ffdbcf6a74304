const HUNK = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/

/** Whether a line of a unified diff begins a hunk. */
export function isHunkHeader(line: string): boolean {
  return HUNK.test(line)
}

/** A unified diff whose hunk headers say how many lines their hunks really have: models miscount. */
export function recount(lines: readonly string[]): string[] {
  return lines.map((line, at) => {
    const header = HUNK.exec(line)
    if (!header) return line
    const [whole, oldStart, newStart] = header
    const { removed, added, context } = countLines(lines, at + 1)
    return `@@ -${oldStart},${removed + context} +${newStart},${added + context} @@${line.slice(whole.length)}`
  })
}

/** Counts up to the next header. Empty lines are context, but not those at the end. */
function countLines(lines: readonly string[], from: number) {
  const counts = { removed: 0, added: 0, context: 0 }
  let empty = 0
  for (let at = from; at < lines.length && !isHeader(lines, at); at++) {
    const line = lines[at]!
    if (line === '') empty++
    else {
      counts.context += empty
      empty = 0
    }
    if (line[0] === '-') counts.removed++
    if (line[0] === '+') counts.added++
    if (line[0] === ' ') counts.context++
  }
  return counts
}

/** A removed line may look like the first line of a file header; the two lines together do not occur otherwise. */
function isHeader(lines: readonly string[], at: number): boolean {
  const line = lines[at]!
  if (line.startsWith('--- ')) return lines[at + 1]?.startsWith('+++ ') ?? false
  return isHunkHeader(line) || /^(diff --git |Index: )/.test(line)
}

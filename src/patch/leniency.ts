/** What a loose reading lets pass, and remembers in words. Each has one meaning; what could mean two things is refused as ever. */
export class Leniency {
  readonly #notes = new Set<string>()

  get notes(): readonly string[] {
    return [...this.#notes]
  }

  note(words: string): void {
    this.#notes.add(words)
  }

  /** Whether a line of a hunk without a prefix is context: not when it looks like a marker that went wrong. */
  takesAsContext(line: string): boolean {
    if (/^(\*\*\*|@@|```|\\ No newline)/.test(line)) return false
    this.note('lines of a hunk without a prefix read as context')
    return true
  }

  /** Whether `@@` lines may follow each other: the block stands after the last, which stands after those before. */
  stacksAnchors(): boolean {
    this.note('several @@ lines in a row read as places one within the other')
    return true
  }
}

/**
 * Splits a command line into words as a POSIX shell does: blanks separate, `'…'` is verbatim, `"…"` and `\` quote. Nothing is
 * expanded and no operator means anything. Gives a text that says what is wrong when a quote is left open.
 */
export function splitWords(line: string): string[] | string {
  const words: string[] = []
  let word: string | undefined
  for (let at = 0; at < line.length; at++) {
    const char = line[at]!
    if (/\s/.test(char)) {
      if (word !== undefined) words.push(word)
      word = undefined
      continue
    }
    word ??= ''
    if (char === "'" || char === '"') {
      const end = closingQuote(line, at)
      if (end < 0) return `the quote ${char} at character ${at + 1} is never closed`
      const inner = line.slice(at + 1, end)
      word += char === '"' ? inner.replace(/\\([\\"$`\n])/g, (_, c) => (c === '\n' ? '' : c)) : inner
      at = end
    } else if (char === '\\') {
      if (++at === line.length) return 'it ends with a backslash'
      if (line[at] !== '\n') word += line[at]
    } else word += char
  }
  if (word !== undefined) words.push(word)
  return words
}

function closingQuote(line: string, open: number): number {
  const quote = line[open]
  for (let at = open + 1; at < line.length; at++) {
    if (line[at] === quote) return at
    if (quote === '"' && line[at] === '\\') at++
  }
  return -1
}

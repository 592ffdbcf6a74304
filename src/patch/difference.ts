/** How many characters are compared for it: more of them would take longer than the answer is worth. */
export const MAX_COMPARED = 200_000

/** What two lines that differ have in common after all, as far as it has a name and they are not endless. */
export function differenceOf(expected: string, found: string): string | undefined {
  if (expected.length + found.length > MAX_COMPARED) return undefined
  return DIFFERENCES.find(([, reduce]) => reduce(expected) === reduce(found))?.[0]
}

/** A text in quotes; of a long one only what lies around the place. */
export function quoteAround(text: string, place = 0): string {
  if (text.length <= SHOWN) return JSON.stringify(text)
  const start = Math.max(0, Math.min(place - SHOWN / 4, text.length - SHOWN))
  const part = text.slice(start, start + SHOWN)
  const [before, after] = [start > 0 ? '…' : '', start + SHOWN < text.length ? '…' : '']
  return `${before}${JSON.stringify(part)}${after}`
}

/** Where two texts begin to differ. */
export function firstDifference(a: string, b: string): number {
  let at = 0
  while (at < a.length && a[at] === b[at]) at++
  return at
}

const SHOWN = 160

const DIFFERENCES: readonly (readonly [string, (text: string) => string])[] = [
  ['white space', withoutWhiteSpace],
  ['the case of letters', (text) => text.toLowerCase()],
  ['escapes (such as \\n, \\" or &lt;)', (text) => withoutWhiteSpace(unescaped(text))],
  [
    'punctuation (such as quotes, dashes or …)',
    (text) => withoutWhiteSpace(text).replace(/[\p{P}\p{S}]/gu, ''),
  ],
  ['a line number in front', (text) => withoutWhiteSpace(text.replace(/^\s*L?\d+\s*[:|\t]?/, ''))],
]

function withoutWhiteSpace(text: string): string {
  return text.replace(/[\s\u0085\u200b\ufeff]+/g, '')
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&lt;': '<',
  '&gt;': '>',
  '&amp;': '&',
  '&quot;': '"',
  '&#39;': "'",
  '&apos;': "'",
}

function unescaped(text: string): string {
  return text
    .replace(/&(?:lt|gt|amp|quot|apos|#39);/g, (entity) => ESCAPES[entity] ?? entity)
    .replace(/\\[nrt]/g, ' ')
    .replace(/\\(["'\\/])/g, '$1')
}

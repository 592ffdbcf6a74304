/** A directory and a patch for it. */
export interface RandomPatch {
  readonly files: Readonly<Record<string, string>>
  readonly patch: string
}

/** Patches by seed: real edits and mistakes of all kinds, none of them a case where ours differs from codex on purpose. */
export function randomPatch(seed: number): RandomPatch {
  for (let attempt = 0; ; attempt++) {
    const made = make(new Random(seed * 1000 + attempt))
    if (!isOnPurpose(made.patch)) return made
  }
}

/** A move to itself, or without a hunk. */
function isOnPurpose(patch: string): boolean {
  const moves = patch.matchAll(
    /^\*\*\* Update File: (.*?)\s*\n\*\*\* Move to: (.*?)\s*\n(\*\*\* (?:Add|Update|Delete|End P))?/gm,
  )
  const plain = (path: string) => path.replace(/^(\.\/)+/, '')
  return [...moves].some(([, from, to, next]) => plain(from!) === plain(to!) || next !== undefined)
}

class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** Mulberry32: small, and the same everywhere. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit)
  }

  is(chance: number): boolean {
    return this.next() < chance
  }

  of<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!
  }

  list<T>(least: number, most: number, make: () => T): T[] {
    return Array.from({ length: least + this.below(most - least + 1) }, make)
  }
}

const WORDS = [
  'alpha',
  'beta',
  'gamma',
  '',
  'return x',
  '  indent',
  '\ttab',
  'x-y',
  'x–y',
  '“q”',
  '"q"',
  'it’s',
  'é\u00a0z',
  '}',
  '@@',
  '*** End Patch',
  '+plus',
  '-minus',
  'a\u0085',
  '\ufeffb',
  'c\u2003',
]
const NAMES = ['a', 'b', 'd/c', 'd/e/f', 'g h']
const JUNK = [
  '',
  ' ',
  '\t',
  'text',
  '@@',
  '@@ alpha',
  '@@x',
  '*** End of File',
  '*** Move to: z',
  '*** End Patch',
  ' *** End Patch',
  '*** Add File: n',
  '*** Environment ID: e',
  '\\ No newline at end of file',
  '\r',
  '```',
  '***',
]

function make(random: Random): RandomPatch {
  const files: Record<string, string> = {}
  for (const name of NAMES) if (random.is(0.7)) files[name] = textOf(linesOf(random), random)
  const sections = random.list(1, random.of([1, 1, 2, 4]), () => section(files, random)).flat()
  for (let at = random.of([0, 0, 0, 0, 1, 2]); at > 0; at--)
    sections.splice(random.below(sections.length + 1), random.below(2), random.of(JUNK))
  return { files, patch: envelope(sections, random) }
}

function linesOf(random: Random): string[] {
  const words = random.list(1, 6, () => random.of(WORDS))
  return random.list(0, random.of([3, 8, 25]), () =>
    random.is(0.6) ? random.of(words) : `line ${random.below(50)}`,
  )
}

function textOf(lines: readonly string[], random: Random): string {
  const ends = random.of([['\n'], ['\n'], ['\n'], ['\r\n'], ['\r'], ['\n', '\r\n', '\r']])
  const text = lines.map((line) => line + random.of(ends)).join('')
  return random.is(0.8) ? text : text.replace(/[\r\n]+$/, '')
}

function section(files: Readonly<Record<string, string>>, random: Random): string[] {
  const plain = random.of(random.is(0.9) ? ['a', ...Object.keys(files)] : NAMES)
  const name = random.is(0.9) ? plain : `./${plain} `
  const kind = random.below(10)
  if (kind === 0) return [`*** Delete File: ${name}`]
  if (kind === 1) return [`*** Add File: ${name}`, ...random.list(0, 4, () => `+${random.of(WORDS)}`)]
  const lines = (files[plain] ?? 'x\ny\n').split(/\r\n|\r|\n/)
  const move = random.is(0.15) ? [`*** Move to: ${random.of([...NAMES, 'new/p', 'd'])}`] : []
  return [`*** Update File: ${name}`, ...move, ...hunks(lines, random)]
}

/** Hunks over a file, mostly in its order, mostly as it is written. */
function hunks(lines: readonly string[], random: Random): string[] {
  const made: string[] = []
  let at = random.below(3)
  for (let count = random.of([1, 1, 2, 3]); count > 0; count--) {
    const length = random.below(5)
    const body = lines.slice(at, at + length).flatMap((line) => bodyOf(line, random))
    if (random.is(0.25) || body.length === 0)
      body.splice(random.below(body.length + 1), 0, `+${random.of(WORDS)}`)
    if (made.length > 0 || random.is(0.8)) made.push(head(lines, at, random))
    made.push(...body)
    if (random.is(0.15)) made.push(random.of(['*** End of File', '*** End of File ', '']))
    at = random.is(0.9) ? at + length + random.below(4) : 0
  }
  return made
}

function head(lines: readonly string[], at: number, random: Random): string {
  if (random.is(0.7)) return random.of(['@@', '@@', '@@ '])
  return `@@ ${loosely(random.is(0.8) && at > 0 ? (lines[random.below(at)] ?? '') : random.of(WORDS), random)}`
}

function bodyOf(line: string, random: Random): string[] {
  const written = random.is(0.85) ? line : loosely(line, random)
  if (random.is(0.5)) return [line === '' && random.is(0.5) ? '' : ` ${written}`]
  const removed = `-${written}`
  return random.of([[removed], [removed, `+${random.of(WORDS)}`], [`+${line}!`, removed]])
}

/** A line as one remembers it. */
function loosely(line: string, random: Random): string {
  const ways = [
    () => `${line}${random.of([' ', '\t', '\u00a0', '!'])}`,
    () => `${random.of([' ', '\t', '  '])}${line}`,
    () => line.trim(),
    () => line.replace(/[–—]/g, '-').replace(/[“”]/g, '"').replace(/’/g, "'"),
    () => line.replace(/-/g, '—').replace(/"/g, '”'),
    () => line.replace(/ /g, '\u2002'),
    () => random.of(WORDS),
  ]
  return random.of(ways)()
}

function envelope(sections: readonly string[], random: Random): string {
  const first = random.is(0.95)
    ? '*** Begin Patch'
    : random.of([' *** Begin Patch ', '*** Begin Patch ***', ''])
  const last = random.is(0.95) ? '*** End Patch' : random.of(['   *** End Patch', '*** End', ''])
  const wrapped = [first, ...sections, last]
  if (random.is(0.04)) wrapped.unshift(random.of(['<<EOF', "<<'EOF'", '<<X', 'text']))
  if (wrapped[0]?.startsWith('<<')) wrapped.push(random.of(['EOF', 'X']))
  const end = random.is(0.9) ? '\n' : random.of(['\r\n', '\r\r\n', '\r\r\r\n'])
  return wrapped.join(end) + random.of(['', end, ' \n\n'])
}

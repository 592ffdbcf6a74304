/** Stands before the digits while a message is text. No client guesses it, and who did would spoil its own id only. */
const MARK = `${Math.random()}${Math.random()}:`
const MARKED = new RegExp(`"${MARK.replaceAll('.', '\\.')}(-?\\d+)"`, 'g')

/** A whole number that is only echoed, digit by digit: JSON.parse makes another of one beyond 2^53, as a Go client may send. */
export class ExactNumber {
  readonly digits: string

  constructor(digits: string) {
    this.digits = digits
  }

  toJSON(): string {
    return `${MARK}${this.digits}`
  }
}

/** The value of the member `name`, as it stands in `line`; `value` is what JSON.parse has made of it. */
export function exactly(value: unknown, name: string, line: string): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
  const members = line.matchAll(new RegExp(`"${name}"\\s*:\\s*(-?\\d+)(?=[\\s,}])`, 'g'))
  const texts = new Set(Array.from(members, ([, digits = '']) => digits))
  const [digits, ...others] = [...texts].filter((text) => Number(text) === value)
  // Another member of that name, deeper down, may differ in what is lost: then nobody can tell which is meant.
  return digits === undefined || others.length > 0 ? value : new ExactNumber(digits)
}

/** The text of a message, with the digits of exact numbers in their places. */
export function withDigits(text: string): string {
  return text.includes(MARK) ? text.replace(MARKED, '$1') : text
}

import type { OutputPart } from './answer.ts'

/**
 * What a process must write, against what the model has been given of it: every byte once and in order. The parts that
 * answers give may end anywhere.
 */
export class ExpectedOutput {
  #text = ''
  #at = 0

  /** The next line, without its end. */
  expect(line: string): void {
    this.#text += `${line}\n`
  }

  /** Takes what an answer gave; says what is wrong with it. */
  take({ text, hasNotes }: OutputPart): string | undefined {
    // Notes begin on a line of their own: the end of line before them may have been put in.
    const parts = hasNotes && text.endsWith('\n') ? [text, text.slice(0, -1)] : [text]
    const part = parts.find((one) => this.#text.startsWith(one, this.#at))
    if (part === undefined) return this.#describe(text)
    this.#at += part.length
    return undefined
  }

  /** As `take`, for an answer that shows the last lines again when there is nothing new. */
  takeLast(part: OutputPart): string | undefined {
    const seen = this.#text.slice(0, this.#at)
    const isAgain = seen.endsWith(part.text) || `${seen}\n`.endsWith(part.text)
    return isAgain ? undefined : this.take(part)
  }

  /** The beginning of what has not come; undefined when nothing is missing. */
  get missing(): string | undefined {
    return this.#at === this.#text.length ? undefined : quote(this.#text.slice(this.#at))
  }

  #describe(text: string): string {
    const same = [...text].findIndex((character, n) => character !== this.#text[this.#at + n])
    const at = this.#at + same
    const before = `${this.#text.slice(0, this.#at)}${text.slice(0, same)}`.slice(-80)
    return `after ${quote(before)} must come ${quote(this.#text.slice(at))}, not ${quote(text.slice(same))}`
  }
}

function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)
}

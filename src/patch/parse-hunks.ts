import type { Leniency } from './leniency.ts'
import type { HunkLine, PatchHunk } from './patch.ts'
import { trim } from './white-space.ts'

const END_OF_FILE = '*** End of File'
const NO_LINES = 'Update hunk does not contain any lines'

interface OpenHunk extends PatchHunk {
  readonly anchors: string[]
  readonly lines: HunkLine[]
  endOfFile: boolean
  unique?: boolean
}

/** Takes the lines of an Update section that are not headers, and makes hunks of them. */
export class HunkReader {
  readonly hunks: OpenHunk[] = []
  readonly #leniency: Leniency | undefined
  #isUntouched = true

  constructor(leniency: Leniency | undefined) {
    this.#leniency = leniency
  }

  /** No line was taken at all, not even one that means nothing. */
  get isUntouched(): boolean {
    return this.#isUntouched
  }

  /** Takes a line; `marker` is the same without white space at its end. Gives codex's words when it does not fit. */
  take(line: string, marker: string, number: number): string | undefined {
    this.#isUntouched = false
    const hunk = this.hunks.at(-1)
    if (hunk?.endOfFile && trim(line) === '') return undefined
    if (isHunkStart(marker)) return this.#start(line, marker, number)
    if (hunk?.endOfFile) return expectedStart(line)
    if (marker === END_OF_FILE) return this.#endFile()
    const content = contentFrom(line)
    if (!content && !this.#leniency?.takesAsContext(line))
      return hunk && hunk.lines.length > 0 ? expectedStart(line) : unexpectedLine(line)
    const target = hunk ?? this.#open([], number)
    target.lines.push(content ?? { kind: 'context', text: line })
    if (!content) target.unique = true
    return undefined
  }

  /** What is wrong when the section ends here: `header` begins the next one, or the patch is over. */
  close(header: string | undefined): string | undefined {
    if (this.hunks.at(-1)?.lines.length !== 0) return undefined
    return header === undefined ? NO_LINES : unexpectedLine(header)
  }

  #start(line: string, marker: string, number: number): string | undefined {
    const hunk = this.hunks.at(-1)
    const anchors = marker === '@@' ? [] : [marker.slice(3)]
    if (hunk?.lines.length !== 0) this.#open(anchors, number)
    else if (!this.#leniency?.stacksAnchors()) return unexpectedLine(line)
    else {
      hunk.anchors.push(...anchors)
      hunk.unique = true
    }
    return undefined
  }

  #open(anchors: string[], line: number): OpenHunk {
    const hunk: OpenHunk = { anchors, lines: [], endOfFile: false, line }
    this.hunks.push(hunk)
    return hunk
  }

  #endFile(): string | undefined {
    const hunk = this.hunks.at(-1)
    if (hunk?.lines.length === 0) return NO_LINES
    if (hunk) hunk.endOfFile = true
    return undefined
  }
}

function isHunkStart(marker: string): boolean {
  return marker === '@@' || marker.startsWith('@@ ')
}

function contentFrom(line: string): HunkLine | undefined {
  if (line === '') return { kind: 'context', text: '' }
  const text = line.slice(1)
  switch (line[0]) {
    case ' ':
      return { kind: 'context', text }
    case '-':
      return { kind: 'remove', text }
    case '+':
      return { kind: 'add', text }
  }
  return undefined
}

function expectedStart(line: string): string {
  return `Expected update hunk to start with a @@ context marker, got: '${line}'`
}

function unexpectedLine(line: string): string {
  return `Unexpected line found in update hunk: '${line}'. Every line should start with ' ' (context line), '+' (added line), or '-' (removed line)`
}

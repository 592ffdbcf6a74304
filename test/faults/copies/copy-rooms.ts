import { randomBytes } from 'node:crypto'
import { appendFileSync, mkdirSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bytesIn, describeTree } from '../../support/tree.ts'
import type { CopyCase } from './copy-case.ts'

/** What the copy is called at both ends. */
const NAME = 'copy'
const PARTIAL = /^copy\.env-mcp-[0-9a-f]{8}-.*\.partial$/

/** What came of a copy at its destination. `part`: each file is the old or the new one, which only a merge may leave. */
export type Standing = 'untouched' | 'whole' | 'part' | 'wrong'

/** The directories that a copy goes from and to, what was laid there, and what lies there now. */
export class CopyRooms {
  readonly #from: string
  readonly #to: string
  readonly #before: readonly string[]
  /** What the source was and is. */
  readonly #versions: (readonly string[])[]

  /** Lays out both, which are empty directories. */
  constructor({ sizes, isTree, replaces }: CopyCase, from: string, to: string) {
    this.#from = from
    this.#to = to
    if (isTree) mkdirSync(this.source)
    for (const [n, size] of sizes.entries())
      writeFileSync(isTree ? join(this.source, `${n}`) : this.source, randomBytes(size), { mode: 0o640 })
    if (replaces && isTree) mkdirSync(this.target)
    if (replaces) writeFileSync(isTree ? join(this.target, '0') : this.target, 'old')
    this.#before = linesOf(to)
    this.#versions = [linesOf(from)]
  }

  get source(): string {
    return join(this.#from, NAME)
  }

  get target(): string {
    return join(this.#to, NAME)
  }

  /** The directory that the target lies in. */
  get destination(): string {
    return this.#to
  }

  /** Somebody writes to the source. */
  changeSource(): void {
    const [first] = statSync(this.source).isDirectory() ? readdirSync(this.source) : []
    appendFileSync(join(this.source, first ?? ''), 'one more line')
    this.#versions.push(linesOf(this.#from))
  }

  /** Somebody moves it away. Gives what brings it back. */
  hideSource(): () => void {
    renameSync(this.source, `${this.source}.away`)
    return () => renameSync(`${this.source}.away`, this.source)
  }

  /** Bytes that have arrived of a copy that is not in place. */
  get arrived(): number {
    return this.partials.reduce((sum, name) => sum + bytesIn(join(this.#to, name)), 0)
  }

  get partials(): string[] {
    return this.beside.filter((name) => PARTIAL.test(name))
  }

  /** All that lies beside the target. */
  get beside(): string[] {
    return readdirSync(this.#to).filter((name) => name !== NAME)
  }

  standing(): Standing {
    const found = linesOf(this.#to)
    const lines = new Set(found)
    if (this.#versions.some((version) => version.every((line) => lines.has(line)))) return 'whole'
    if (isSame(found, this.#before)) return 'untouched'
    const known = new Set([...this.#before, ...this.#versions.flat()])
    return found.every((line) => known.has(line)) ? 'part' : 'wrong'
  }

  /** Files whose time is not that of the source, to the second. */
  wrongTimes(): string[] {
    const names = statSync(this.source).isDirectory() ? readdirSync(this.source) : ['']
    return names.filter((name) => secondsOf(join(this.source, name)) !== secondsOf(join(this.target, name)))
  }
}

/** What lies there, but for partial copies. */
function linesOf(directory: string): string[] {
  return describeTree(directory).filter((line) => line.startsWith(`./${NAME}`) && !line.includes('.partial'))
}

function secondsOf(path: string): number {
  return Math.floor(statSync(path).mtimeMs / 1000)
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((line, n) => line === others[n])
}

import type { Readable, Writable } from 'node:stream'
import type { OutputStream, TerminalSize } from '../protocol/executor.ts'
import { isWellFormed } from '../protocol/paths.ts'
import { Refusal } from './refusal.ts'
import type { Variables } from './variables.ts'

/** What is to run. */
export interface Program {
  /** The program, by its path or its name on PATH, and its arguments. */
  readonly argv: readonly string[]
  /** What the program sees as its own name instead of `argv[0]`. */
  readonly arg0?: string | undefined
  readonly cwd: string
  /** All of its environment. */
  readonly variables: Variables
}

/** A program that runs, in whichever way it was started. */
export interface Running {
  readonly pid: number
  /** Where its output comes out; each ends when nobody holds its other end any more. */
  readonly outputs: readonly { readonly stream: OutputStream; readonly readable: Readable }[]
  readonly input: Writable | undefined
  /** What ends when the program is told that its input is over: a terminal cannot be. */
  readonly canCloseInput: boolean
  /** Changes the size of its terminal; there is none without it. */
  resize?(size: TerminalSize): void
  /** Its exit code, or 128 + n for signal n. Never rejects. */
  readonly exited: Promise<number>
}

/** The action for the messages of a program that does not start. */
export function startAction(argv: readonly string[]): string {
  return `Cannot start ${JSON.stringify(argv[0] ?? '')}`
}

/** Throws `invalid_input` on what no system takes: no program at all, NUL, and text that is not whole characters. */
export function checkProgram({ argv, arg0, variables }: Omit<Program, 'cwd'>): void {
  const action = startAction(argv)
  if (!argv[0]) throw new Refusal('invalid_input', action, 'argv must not be empty')
  const texts = [...argv, ...(arg0 === undefined ? [] : [arg0]), ...Object.entries(variables).flat()]
  for (const text of texts) {
    const quoted = JSON.stringify(text.slice(0, 100))
    if (text.includes('\0')) throw new Refusal('invalid_input', action, `${quoted} holds a NUL character`)
    if (!isWellFormed(text)) throw new Refusal('invalid_input', action, `${quoted} holds half a character`)
  }
  const name = Object.keys(variables).find((key) => key === '' || key.includes('='))
  if (name !== undefined)
    throw new Refusal('invalid_input', action, `${JSON.stringify(name)} cannot be the name of a variable`)
}

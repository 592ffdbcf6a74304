import { type Context, createContext, Script } from 'node:vm'
import { BridgeError } from '../util/errors.ts'

/** How long one look at an output may take, in ms: millions of plain lines, but no exponential search. */
const PATTERN_MS = 1000

const TEST = new Script('pattern.test(text)')
const FILTER = new Script('lines.filter((line) => pattern.test(line))')

/**
 * A regular expression from a model. It runs with a time limit, which interrupts it: a pattern that backtracks without end
 * is refused, and does not stop the server. `^` and `$` match at lines; `(?i)` in front ignores the case.
 */
export class Pattern {
  readonly source: string
  readonly #argument: string
  readonly #context: Context

  /** `argument` is the name of the argument, for errors. Throws `invalid_input` when it is not a regular expression. */
  constructor(argument: string, source: string) {
    this.#argument = argument
    this.source = source
    const [prefix = '', flags = ''] = /^\(\?([ims]+)\)/.exec(source) ?? []
    try {
      const pattern = new RegExp(source.slice(prefix.length), [...new Set(`${flags}m`)].join(''))
      this.#context = createContext({ pattern })
    } catch (error) {
      const why = BridgeError.from(error).message
      throw new BridgeError('invalid_input', `${argument} is not a regular expression: ${why}`, {
        cause: error,
      })
    }
  }

  /** Whether it matches somewhere in the text. */
  test(text: string): boolean {
    return this.#run(TEST, { text }) === true
  }

  /** The lines in which it matches. */
  filter(lines: readonly string[]): string[] {
    const found = this.#run(FILTER, { lines })
    return Array.isArray(found) ? found.map(String) : []
  }

  #run(script: Script, input: Record<string, unknown>): unknown {
    Object.assign(this.#context, input)
    try {
      return script.runInContext(this.#context, { timeout: PATTERN_MS })
    } catch (error) {
      const rule = `${this.#argument} ${JSON.stringify(this.source.slice(0, 100))} takes more than ${PATTERN_MS} ms here`
      throw new BridgeError('invalid_input', `${rule}: use a simpler regular expression`, { cause: error })
    }
  }
}

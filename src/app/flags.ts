import parse from 'yargs-parser'
import { nearest } from '../util/nearest.ts'
import { type OptionCommand, type OptionName, type OptionRow, optionsOf } from './option-table.ts'
import { whyNotValue } from './option-values.ts'

/** What a command line may come to: the options, or one line for the user that says what would be right. */
export type Parsed<T> =
  | { readonly ok: true; readonly options: T }
  | { readonly ok: false; readonly message: string }

export type Variables = Readonly<Record<string, string | undefined>>

/** The flags of a command line, each value checked by itself. */
export class Flags {
  readonly #values: ReadonlyMap<string, readonly string[]>

  constructor(values: ReadonlyMap<string, readonly string[]>) {
    this.#values = values
  }

  all(name: OptionName): readonly string[] {
    return this.#values.get(name) ?? []
  }

  one(name: OptionName): string | undefined {
    return this.all(name)[0]
  }
}

/**
 * Reads the flags of `command`: `--flag value` and `--flag=value`, the default where one is not given. An empty value
 * counts as not given, as the origin's launchers have it.
 */
export function parseFlags(argv: readonly string[], command: OptionCommand, env: Variables): Parsed<Flags> {
  if (argv.includes('--'))
    return { ok: false, message: 'Unexpected argument "--": there is nothing but flags' }
  const rows = optionsOf(command)
  const { argv: given, error } = parse.detailed([...argv], parserOptions(rows))
  const message = whyNotKnown(given, rows) ?? (error ? noValue(error) : undefined) ?? whyNotOnce(given, rows)
  if (message) return { ok: false, message }
  const values = new Map<string, string[]>()
  for (const row of rows) {
    const texts = valuesOf(given[row.name], row)
    const wrong = texts.map((text) => whyNotValue(row.kind, text, env)).find((why) => why !== undefined)
    if (wrong) return { ok: false, message: `Flag "--${row.name}" ${wrong}` }
    values.set(row.name, texts)
  }
  return { ok: true, options: new Flags(values) }
}

function parserOptions(rows: readonly OptionRow[]): parse.Options {
  const withValue = rows.filter(({ kind }) => kind !== 'switch').map(({ name }) => name)
  const switches = rows.filter(({ kind }) => kind === 'switch').map(({ name }) => name)
  return {
    string: withValue,
    narg: Object.fromEntries(withValue.map((name) => [name, 1])),
    boolean: switches,
    configuration: {
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'short-option-groups': false,
      'unknown-options-as-args': true,
    },
  }
}

function whyNotKnown(given: parse.Arguments, rows: readonly OptionRow[]): string | undefined {
  const names = rows.map(({ name }) => name)
  const negated = Object.keys(given).find((key) => key !== '_' && !names.includes(key))
  const stray = negated === undefined ? given._[0] : `--${negated}`
  if (stray === undefined) return undefined
  const text = String(stray).split('=')[0]!
  if (!text.startsWith('-')) return `Unexpected argument ${JSON.stringify(text)}: flags begin with "--"`
  const meant = nearest(text.replace(/^-+/, ''), names)
  return `Unknown flag "${text}"${meant ? `, nearest is "--${meant}"` : ': --help lists the flags'}`
}

/** The parser says it as `Not enough arguments following: NAME`. */
function noValue(error: Error): string {
  return `Flag "--${error.message.split(' ').at(-1)}" has no value: write "--flag value" or "--flag=value"`
}

function whyNotOnce(given: parse.Arguments, rows: readonly OptionRow[]): string | undefined {
  const twice = rows.find((row) => !row.isRepeatable && Array.isArray(given[row.name]))
  return twice && `Flag "--${twice.name}" is given more than once: give it once`
}

function valuesOf(given: unknown, row: OptionRow): string[] {
  const values = (Array.isArray(given) ? given : [given]).filter(
    (value) => value !== undefined && value !== false,
  )
  const texts = values.map(String).filter((value) => value !== '')
  return texts.length === 0 && row.default !== undefined ? [row.default] : texts
}

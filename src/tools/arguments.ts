import { BridgeError } from '../util/errors.ts'
import { MAX_OUTPUT_BYTES } from './info/schema.ts'

/** The arguments of a call as they came. Null counts as absent; names that nobody asks for are ignored. */
export type RawArguments = Readonly<Record<string, unknown>>

/** A text that must be there; numbers are taken as text. `example` shows the argument as it should be. */
export function parseText(raw: RawArguments, name: string, example: string): string {
  const value = parseOptionalText(raw, name)
  if (value === undefined || value === '') throw refusal(`${name} is missing`, name, example)
  return value
}

/** A text, or undefined. */
export function parseOptionalText(raw: RawArguments, name: string): string | undefined {
  const value = raw[name] ?? undefined
  if (value === undefined || typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  throw refusal(`${name} must be a text`, name, 'text')
}

/** The first of several names that is there: what the schema lists, then what models know from elsewhere. */
export function withAliases(raw: RawArguments, name: string, ...aliases: readonly string[]): RawArguments {
  const found = [name, ...aliases].find((key) => (raw[key] ?? undefined) !== undefined)
  return found === undefined ? raw : { ...raw, [name]: raw[found] }
}

export interface IntegerRule {
  readonly min: number
  /** A larger one is taken as this: nothing is won by refusing a wait or a size that is too generous. */
  readonly max: number
  /** For the error; `min` or 1 when left out. */
  readonly example?: number
}

/** A whole number, also written as text, at most `max`; undefined when absent. Refuses what is below `min`. */
export function parseInteger(
  raw: RawArguments,
  name: string,
  { min, max, example }: IntegerRule,
): number | undefined {
  const value = raw[name] ?? undefined
  if (value === undefined || value === '') return undefined
  const number = typeof value === 'string' ? Number(value.replaceAll('_', '')) : value
  if (typeof number !== 'number' || !Number.isFinite(number) || number < min) {
    const range =
      max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max.toLocaleString('en-US')}`
    throw refusal(`${name} must be a whole number ${range}`, name, example ?? Math.max(min, 1))
  }
  return Math.min(Math.trunc(number), max)
}

/** True or false, also as a word or a number; `fallback` when absent. */
export function parseBoolean(raw: RawArguments, name: string, fallback: boolean): boolean {
  const value = raw[name] ?? ''
  switch (String(value).toLowerCase()) {
    case '':
      return fallback
    case 'true':
    case 'yes':
    case '1':
      return true
    case 'false':
    case 'no':
    case '0':
      return false
  }
  throw refusal(`${name} must be true or false`, name, !fallback)
}

/** Names and values of environment variables; numbers and booleans are taken as text, null leaves one out. */
export function parseVariables(raw: RawArguments, name: string): Record<string, string> {
  const value = raw[name] ?? {}
  const rule = `${name} must be an object of names and texts`
  if (typeof value !== 'object' || Array.isArray(value)) throw refusal(rule, name, { CI: '1' })
  const variables: Record<string, string> = {}
  for (const [key, content] of Object.entries(value)) {
    if (content === null) continue
    if (!['string', 'number', 'boolean'].includes(typeof content) || /^$|[=\0]/.test(key))
      throw refusal(`${rule}, ${JSON.stringify(key)} is not`, name, { CI: '1' })
    variables[key] = withoutNul(String(content), `${name}.${key}`)
  }
  return variables
}

/** How much text a result may hold, in bytes: `max_output_bytes`, or codex's `max_output_tokens` of four bytes each. */
export function parseMaxOutputBytes(raw: RawArguments): number {
  const rule = { min: 0, max: MAX_OUTPUT_BYTES.most }
  const tokens = parseInteger(raw, 'max_output_tokens', rule)
  const bytes = parseInteger(raw, 'max_output_bytes', rule) ?? (tokens && tokens * 4)
  return Math.min(Math.max(bytes ?? MAX_OUTPUT_BYTES.usual, MAX_OUTPUT_BYTES.least), MAX_OUTPUT_BYTES.most)
}

/** How long a call waits for a process, in ms: `yield_time_ms`. What is usual, and the most, is each tool's own. */
export function parseYieldMs(raw: RawArguments, { usual, most }: { usual: number; most: number }): number {
  return parseInteger(raw, 'yield_time_ms', { min: 0, max: most, example: usual }) ?? usual
}

/** The text itself; refuses a NUL character, which neither a command nor a path can hold. */
export function withoutNul(text: string, name: string): string {
  if (!text.includes('\0')) return text
  throw new BridgeError('invalid_input', `${name} holds a NUL character: leave it out`)
}

/** The error of an argument that cannot be used: the rule, and an example. */
export function refusal(rule: string, name: string, example: unknown): BridgeError {
  return new BridgeError('invalid_input', `${rule}, such as ${JSON.stringify({ [name]: example })}`)
}

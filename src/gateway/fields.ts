import { isName, NAME_RULE } from '../util/name-rule.ts'

export type Fields = Readonly<Record<string, unknown>>

/** The fields of a JSON object; throws when the value is none. */
export function fieldsOf(value: unknown, what = 'it'): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  throw new Error(`${what} is not a JSON object`)
}

/** The elements of a JSON array; throws when the value is none. */
export function listOf(value: unknown, what: string): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw new Error(`${what} is not a JSON array`)
}

/** A text of 1 to `most` printable characters; throws what would be right. */
export function textField(fields: Fields, name: string, most = 256): string {
  const value = fields[name]
  if (typeof value === 'string' && value !== '' && value.length <= most && !/\p{Cc}/u.test(value))
    return value
  throw new Error(`"${name}" must be a text of 1 to ${most} characters`)
}

export function optionalText(fields: Fields, name: string, most?: number): string | undefined {
  return fields[name] === undefined || fields[name] === '' ? undefined : textField(fields, name, most)
}

/** A name of a workspace or an executor; throws the rule. */
export function nameField(fields: Fields, name: string): string {
  const value = fields[name]
  if (typeof value === 'string' && isName(value)) return value
  throw new Error(`"${name}" must be ${NAME_RULE}`)
}

/** A number of whole units, at least 0; throws what would be right. */
export function countField(fields: Fields, name: string): number {
  const value = fields[name]
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw new Error(`"${name}" must be a whole number, 0 or more`)
}

export function optionalCount(fields: Fields, name: string): number | undefined {
  return fields[name] === undefined ? undefined : countField(fields, name)
}

import { MAX_DESCRIPTION } from '../util/description-rule.ts'
import { BridgeError } from '../util/errors.ts'
import type { Environment, EnvironmentList } from './environment.ts'

/** Longest name and exe_id: they go into what a model reads. */
const MAX_NAME = 256
/** What is wrong with more entries than this is one thing, said often enough. */
const MAX_NOTES = 10

/**
 * Reads the array of the loopback API. An entry that cannot be used is left out and noted, so that one bad entry never
 * hides the others; of two with one name the first keeps it. Throws `unavailable` when it is not an array.
 */
export function parseConnected(value: unknown): EnvironmentList {
  if (!Array.isArray(value))
    throw new BridgeError(
      'unavailable',
      `Cannot list environments: the gateway answered ${kindOf(value)}, not an array`,
    )
  const environments = new Map<string, Environment>()
  const notes: string[] = []
  for (const [index, entry] of value.entries()) {
    const parsed = parseEntry(entry)
    if (typeof parsed === 'string') notes.push(`Entry ${index + 1} of the gateway was left out: ${parsed}`)
    else if (environments.has(parsed.name))
      notes.push(
        `Entry ${index + 1} of the gateway was left out: an earlier one has its name "${parsed.name}"`,
      )
    else environments.set(parsed.name, parsed)
  }
  const more = notes.length - MAX_NOTES
  if (more > 0) notes.splice(MAX_NOTES, more, `${more} more entries of the gateway were left out`)
  return { environments: [...environments.values()], notes }
}

/** An environment, or why the entry is none. */
function parseEntry(entry: unknown): Environment | string {
  if (typeof entry !== 'object' || entry === null) return 'it is not an object'
  const {
    exe_id: exeId,
    name,
    description,
    is_default: isDefault,
    last_seen_at: lastSeenAt,
  } = fieldsOf(entry)
  const wrong = whyNot(name, 'name') ?? whyNot(exeId, 'exe_id') ?? whyNotInUrl(exeId)
  if (wrong) return wrong
  return {
    name: String(name),
    description: typeof description === 'string' ? description.slice(0, MAX_DESCRIPTION) : '',
    isDefault: isDefault === true,
    lastSeenAt: typeof lastSeenAt === 'string' ? lastSeenAt.slice(0, 64) : undefined,
    target: { kind: 'gateway', exeId: String(exeId) },
  }
}

function fieldsOf(entry: object): Readonly<Record<string, unknown>> {
  return { ...entry }
}

function whyNot(text: unknown, field: string): string | undefined {
  if (typeof text !== 'string' || text === '') return `it has no ${field}`
  if (text.length > MAX_NAME) return `its ${field} is longer than ${MAX_NAME} characters`
  if (/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u.test(text)) return `its ${field} has control characters`
  return undefined
}

/** The id becomes the last part of a URL's path, where dots alone would lead elsewhere. */
function whyNotInUrl(exeId: unknown): string | undefined {
  return exeId === '.' || exeId === '..' ? `its exe_id is "${exeId}"` : undefined
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

import { BridgeError } from '../../util/errors.ts'
import { quoteList } from '../../util/quote-list.ts'
import {
  parseBoolean,
  parseInteger,
  parseOptionalText,
  parseText,
  type RawArguments,
  refusal,
  withAliases,
} from '../arguments.ts'
import { OVERWRITES, TIMEOUT_MS, TRANSPORTS } from '../info/copy-path.ts'
import type { Transport } from './choose-transfer.ts'
import type { CopyChoices, Overwrite } from './copy-job.ts'
import { compileExcludes } from './excludes.ts'

/** What a call of `copy_path` asks for. Paths are as they were written; an environment that is undefined is the default. */
export interface CopyInput extends CopyChoices {
  readonly source: { readonly environment: string | undefined; readonly path: string }
  readonly destination: { readonly environments: readonly (string | undefined)[]; readonly path: string }
  readonly recursive: boolean
  readonly transport: Transport
  /** How long the call waits; the copy goes on after it. */
  readonly timeoutMs: number
}

/** At most so many machines get a copy in one call: each has a process or a file open all the while. */
const MAX_DESTINATIONS = 32

/** Reads the arguments of `copy_path`. Throws `invalid_input` with the rule and an example. */
export function parseCopyInput(raw: RawArguments): CopyInput {
  const source = withEndAliases(raw, 'source', 'source')
  const destination = withEndAliases(raw, 'destination', 'target')
  return {
    source: {
      environment: parseOptionalText(source, 'source_environment_id') || undefined,
      path: parseText(source, 'source_path', '/srv/app/build'),
    },
    destination: {
      environments: parseEnvironments(destination),
      path: parseText(destination, 'destination_path', '/srv/app/'),
    },
    recursive: parseBoolean(raw, 'recursive', false),
    overwrite: parseOverwrite(raw),
    isExcluded: compileExcludes(parseGlobs(raw)),
    verify: parseBoolean(raw, 'verify', true),
    dryRun: parseBoolean(raw, 'dry_run', false),
    resume: parseBoolean(raw, 'resume', true),
    transport: parseTransport(raw),
    timeoutMs: parseInteger(raw, 'timeout_ms', { min: 1, max: TIMEOUT_MS.most }) ?? TIMEOUT_MS.usual,
  }
}

/** `alias`: how codex names an end; an environment that was overlooked would be a copy to the wrong machine. */
function withEndAliases(raw: RawArguments, end: string, alias: string): RawArguments {
  const others = [
    `${end}_environment`,
    `${alias}_environment_id`,
    `${alias}_environment`,
    `${end}_environment_ids`,
  ]
  return withAliases(withAliases(raw, `${end}_environment_id`, ...others), `${end}_path`, `${alias}_path`)
}

function parseEnvironments(raw: RawArguments): (string | undefined)[] {
  const list = listOf(raw, 'destination_environment_id')
  if (list.length > MAX_DESTINATIONS)
    throw new BridgeError(
      'invalid_input',
      `destination_environment_id names ${list.length} environments: at most ${MAX_DESTINATIONS} are taken`,
    )
  return list.length === 0 ? [undefined] : [...new Set(list)]
}

function parseGlobs(raw: RawArguments): string[] {
  return listOf(raw, 'exclude')
}

/** A text, or several in an array; some models write the array as JSON into a text. */
function listOf(raw: RawArguments, name: string): string[] {
  const value = fromJson(raw[name] ?? [])
  const list: unknown[] = [value].flat()
  if (!list.every((one) => typeof one === 'string'))
    throw refusal(
      `${name} must be a text or an array of texts`,
      name,
      name === 'exclude' ? ['*.log'] : ['a', 'b'],
    )
  return name === 'exclude' ? list : list.filter((one) => one !== '')
}

function fromJson(value: unknown): unknown {
  if (typeof value !== 'string' || !value.startsWith('["')) return value
  try {
    return JSON.parse(value)
  } catch {
    return value
  }
}

function parseOverwrite(raw: RawArguments): Overwrite {
  const text = parseOptionalText(raw, 'overwrite') || 'replace'
  const found = OVERWRITES.find((one) => one === text)
  if (!found) throw refusal(`overwrite must be one of ${quoteList(OVERWRITES)}`, 'overwrite', 'replace')
  return found
}

function parseTransport(raw: RawArguments): Transport {
  const text = parseOptionalText(raw, 'transport') || 'auto'
  const found = TRANSPORTS.find((one) => one === text)
  if (!found) throw refusal(`transport must be one of ${quoteList(TRANSPORTS)}`, 'transport', 'auto')
  return found
}

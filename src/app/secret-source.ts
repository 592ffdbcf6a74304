import { resolve } from 'node:path'
import { quoteList } from '../util/quote-list.ts'
import { splitWords } from '../util/split-words.ts'
import type { Flags } from './flags.ts'
import type { OptionName } from './option-table.ts'

/** Where a secret comes from, as flags say it. */
export type SecretSource =
  | { readonly kind: 'variable'; readonly name: string }
  /** Absolute. */
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'command'; readonly argv: readonly string[] }

/** The flags that may name one secret. */
export interface SecretFlags {
  readonly env: OptionName
  readonly file: OptionName
  readonly command: OptionName
}

/** The secrets of a gateway. */
export const SECRET_FLAGS = {
  workspace: flagsOf('workspace-token'),
  loopback: flagsOf('loopback-token'),
  relay: flagsOf('exec-gateway-internal-secret'),
} as const satisfies Record<string, SecretFlags>

/** The source that one of the flags names; `undefined` when none is given; a text when more than one is. */
export function secretFromFlags(
  flags: Flags,
  names: SecretFlags,
  cwd: string,
): SecretSource | string | undefined {
  const given = [names.env, names.file, names.command].filter((name) => flags.one(name) !== undefined)
  if (given.length > 1)
    return `Flags ${quoteList(given.map((name) => `--${name}`))} name one secret: give one of them`
  const name = flags.one(names.env)
  if (name !== undefined) return { kind: 'variable', name }
  const path = flags.one(names.file)
  if (path !== undefined) return { kind: 'file', path: resolve(cwd, path) }
  const argv = splitWords(flags.one(names.command) ?? '')
  if (typeof argv === 'string' || argv.length === 0) return undefined
  return { kind: 'command', argv }
}

function flagsOf<Name extends string>(name: Name) {
  return { env: `${name}-env`, file: `${name}-file`, command: `${name}-command` } as const
}

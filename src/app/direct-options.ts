import { resolve } from 'node:path'
import type { Flags } from './flags.ts'
import type { OptionName } from './option-table.ts'
import { splitPair } from './option-values.ts'
import type { SecretSource } from './secret-source.ts'

/** An exec-server that is dialled directly. */
export interface DirectOptions {
  readonly name: string
  readonly url: string
  readonly token: SecretSource | undefined
}

/** The environments of `--environment`, each with its token; a text that says what is wrong with them. */
export function directFromFlags(flags: Flags, cwd: string): DirectOptions[] | string {
  const urls = pairsByName(flags, 'environment')
  if (typeof urls === 'string') return urls
  const tokens = tokensByName(flags, cwd, urls)
  if (typeof tokens === 'string') return tokens
  return [...urls].map(([name, url]) => ({ name, url, token: tokens.get(name) }))
}

function tokensByName(
  flags: Flags,
  cwd: string,
  urls: ReadonlyMap<string, string>,
): Map<string, SecretSource> | string {
  const variables = pairsByName(flags, 'environment-token-env')
  if (typeof variables === 'string') return variables
  const files = pairsByName(flags, 'environment-token-file')
  if (typeof files === 'string') return files
  const twice = [...files.keys()].find((name) => variables.has(name))
  if (twice !== undefined)
    return `Flags "--environment-token-env" and "--environment-token-file" both name environment "${twice}": give one of them`
  for (const [flag, pairs] of Object.entries({ env: variables, file: files }))
    for (const name of pairs.keys())
      if (!urls.has(name))
        return `Flag "--environment-token-${flag}" names environment "${name}", which is not there: add "--environment ${name}=URL"`
  return new Map<string, SecretSource>([
    ...[...variables].map(([name, variable]) => [name, { kind: 'variable', name: variable }] as const),
    ...[...files].map(([name, path]) => [name, { kind: 'file', path: resolve(cwd, path) }] as const),
  ])
}

function pairsByName(flags: Flags, flag: OptionName): Map<string, string> | string {
  const values = new Map<string, string>()
  for (const pair of flags.all(flag)) {
    const { name, value } = splitPair(pair)
    const first = values.get(name)
    if (first !== undefined)
      return `Environment "${name}" is given twice, by "--${flag} ${name}=${first}" and "--${flag} ${pair}": each name may be given once`
    values.set(name, value)
  }
  return values
}

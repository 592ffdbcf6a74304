import type { Flags } from './flags.ts'
import type { OptionName } from './option-table.ts'
import { splitPair } from './option-values.ts'

/** An exec-server that is dialled directly. The token is the name of a variable. */
export interface DirectOptions {
  readonly name: string
  readonly url: string
  readonly tokenEnv: string | undefined
}

/** The environments of `--environment`, each with its token; a text that says what is wrong with them. */
export function directFromFlags(flags: Flags): DirectOptions[] | string {
  const urls = pairsByName(flags, 'environment')
  if (typeof urls === 'string') return urls
  const tokens = pairsByName(flags, 'environment-token-env')
  if (typeof tokens === 'string') return tokens
  const stray = [...tokens.keys()].find((name) => !urls.has(name))
  if (stray !== undefined)
    return `Flag "--environment-token-env" names environment "${stray}", which is not there: add "--environment ${stray}=URL"`
  return [...urls].map(([name, url]) => ({ name, url, tokenEnv: tokens.get(name) }))
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

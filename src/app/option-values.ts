import { MAX_DESCRIPTION } from '../util/description-rule.ts'
import { parseDuration } from '../util/duration.ts'
import { LOG_LEVELS } from '../util/log.ts'
import { isLoopback } from '../util/loopback.ts'
import { isName, NAME_RULE } from '../util/name-rule.ts'
import { quoteList } from '../util/quote-list.ts'
import { splitWords } from '../util/split-words.ts'
import type { OptionKind } from './option-table.ts'

/** The rule for NAME in `--environment NAME=URL`. */
const NAME = /^[A-Za-z0-9._-]{1,64}$/

/**
 * Why a value cannot be used, as the end of a sentence about its flag, or `undefined` when it can. A value that might
 * hold a secret by mistake is never repeated.
 */
export function whyNotValue(
  kind: OptionKind,
  value: string,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  switch (kind) {
    case 'switch':
      return undefined
    case 'text':
    case 'file':
      return whyNotText(value)
    case 'description':
      return whyNotText(value) ?? whyNotDescription(value)
    case 'command':
      return whyNotCommand(value)
    case 'ws-url':
      return whyNotUrl(value, ['ws', 'wss'])
    case 'http-url':
      return whyNotUrl(value, ['http', 'https'])
    case 'loopback-url':
      return whyNotUrl(value, ['ws']) ?? whyNotLoopback(value)
    case 'variable':
      return whyNotVariable(value, env)
    case 'name=url':
      return whyNotPair(value, 'URL', (url) => whyNotUrl(url, ['ws', 'wss']))
    case 'name=variable':
      return whyNotPair(value, 'VAR', (name) => whyNotVariable(name, env))
    case 'name=file':
      return whyNotPair(value, 'PATH', (path) => (path === '' ? 'there is no path' : whyNotText(path)))
    case 'address':
      return parseAddress(value)
        ? undefined
        : `is ${JSON.stringify(value.slice(0, 80))}: it must be HOST:PORT`
    case 'name':
      return isName(value) ? undefined : `is ${JSON.stringify(value.slice(0, 80))}: it must be ${NAME_RULE}`
    case 'duration':
      return parseDuration(value) === undefined
        ? `is ${JSON.stringify(value.slice(0, 80))}: it must be a time, such as 90s, 15m, 1h or 7d`
        : undefined
    case 'log-level':
      return LOG_LEVELS.some((level) => level === value)
        ? undefined
        : `is ${JSON.stringify(value)}: it must be one of ${quoteList(LOG_LEVELS)}`
  }
}

/** `HOST:PORT`, an IPv6 address in brackets; `undefined` for anything else. */
export function parseAddress(text: string): { host: string; port: number } | undefined {
  const [, ipv6, name, port] = /^(?:\[([0-9A-Fa-f:.]+)\]|([^\s:/[\]]+)):(\d{1,5})$/.exec(text) ?? []
  const host = ipv6 ?? name
  if (host === undefined || Number(port) > 65_535) return undefined
  return { host, port: Number(port) }
}

/** `NAME=VALUE` at its first `=`. */
export function splitPair(pair: string): { name: string; value: string } {
  const at = pair.indexOf('=')
  return { name: pair.slice(0, Math.max(at, 0)), value: pair.slice(at + 1) }
}

function whyNotText(text: string): string | undefined {
  return /\p{Cc}/u.test(text) ? 'has control characters: give plain text' : undefined
}

function whyNotDescription(text: string): string | undefined {
  return text.length > MAX_DESCRIPTION
    ? `has ${text.length} characters: it must have at most ${MAX_DESCRIPTION}`
    : undefined
}

function whyNotCommand(line: string): string | undefined {
  const words = splitWords(line)
  if (typeof words === 'string') return `cannot be split into words: ${words}`
  return words.length === 0 ? 'has no words: give a program and its arguments' : undefined
}

function whyNotPair(
  pair: string,
  placeholder: string,
  whyNot: (value: string) => string | undefined,
): string | undefined {
  if (!pair.includes('=')) return `has no "=": it must be NAME=${placeholder}`
  const { name, value } = splitPair(pair)
  if (!NAME.test(name))
    return `has the name ${JSON.stringify(name.slice(0, 80))}: it must be 1 to 64 of letters, digits, ".", "_" and "-"`
  const why = whyNot(value)
  return why && `for "${name}" ${why}`
}

function whyNotUrl(text: string, schemes: readonly string[]): string | undefined {
  const right = schemes.map((scheme) => `${scheme}://`).join(' or ')
  if (!URL.canParse(text)) return `is not a URL: it must begin with ${right}`
  const url = new URL(text)
  if (!schemes.includes(url.protocol.slice(0, -1)))
    return `has a URL with "${url.protocol}": it must begin with ${right}`
  if (url.username || url.password) return 'has a user or password in its URL: tokens come from variables'
  if (/[?#]/.test(text))
    return 'has a "?" or "#" in its URL: tokens come from variables, and nothing else belongs there'
  return undefined
}

function whyNotLoopback(text: string): string | undefined {
  const { hostname, pathname } = new URL(text)
  if (!isLoopback(hostname))
    return `has the host "${hostname}": it must be a loopback address, 127.0.0.1 or [::1]`
  return pathname === '/' ? undefined : 'has a path: it must be ws://127.0.0.1:PORT'
}

function whyNotVariable(name: string, env: Readonly<Record<string, string | undefined>>): string | undefined {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    return 'is not the name of a variable: a secret is never given as a value, only the variable that holds it'
  return env[name] ? undefined : `names variable "${name}", which is unset or empty: set it to the secret`
}

import { posix } from 'node:path'
import { pathFromWire } from '../protocol/paths.ts'
import { wireError } from './wire-error.ts'

/**
 * The path of a `file:` URI. Plain paths are refused, as by a stock exec-server from 0.143 on: clients find out by that
 * which of the two an executor wants.
 */
export function parsePathUri(text: string): string {
  const match = /^file:(?:\/\/([^/?#]*))?(\/[^?#]*)([?#])?/i.exec(text)
  if (!match) throw wireError('invalidParams', `invalid URI: ${flawOf(text)}`)
  const [, host = '', path = '', extra] = match
  if (host !== '' && host.toLowerCase() !== 'localhost')
    throw wireError('invalidRequest', `'${text}' is invalid here: it names another host`)
  if (extra) throw wireError('invalidParams', `${EXTRAS[extra]} are not allowed in path URIs`)
  if (/%00|\0/.test(path)) throw wireError('invalidParams', 'invalid URI: the path holds a NUL byte')
  return normalized(pathFromWire(`file://${path}`))
}

const EXTRAS: Readonly<Record<string, string>> = { '?': 'query parameters', '#': 'fragments' }

function flawOf(text: string): string {
  return /^[a-z][a-z0-9+.-]*:/i.test(text) ? 'it is not a file: URI' : 'relative URL without a base'
}

/** As URIs are: without dots and doubled slashes, and without the last slash. */
function normalized(path: string): string {
  if (!path.startsWith('/')) return path
  return posix.normalize(path).replace(/(?<=.)\/$/, '')
}

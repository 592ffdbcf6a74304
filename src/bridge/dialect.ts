import { isWellFormed, uriFromPath } from '../protocol/paths.ts'
import { BridgeError } from '../util/errors.ts'

/** How an executor wants paths: `file:` URIs (from 0.143) or plain ones (before). Results are read in both forms. */
export interface Dialect {
  readonly kind: 'uri' | 'plain'
  /** The path as it goes on the wire. Throws `invalid_input` on one that is not absolute or cannot be sent. */
  encode(path: string): string
}

export const URI_DIALECT: Dialect = {
  kind: 'uri',
  encode: (path) => uriFromPath(absolute(path)),
}

export const PLAIN_DIALECT: Dialect = {
  kind: 'plain',
  encode(path) {
    if (!isWellFormed(path))
      throw new BridgeError(
        'invalid_input',
        `Cannot send path ${JSON.stringify(path)}: this executor (codex before 0.143) takes no names that are not UTF-8`,
      )
    return noNul(absolute(path))
  },
}

function absolute(path: string): string {
  if (/^(\/|[A-Za-z]:[\\/]|\\\\)/.test(path)) return path
  throw new BridgeError('invalid_input', `Path ${JSON.stringify(path)} is not absolute`)
}

function noNul(path: string): string {
  if (!path.includes('\0')) return path
  throw new BridgeError('invalid_input', `Path ${JSON.stringify(path)} holds a NUL character`)
}

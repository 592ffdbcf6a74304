import { isUtf8 } from 'node:buffer'
import { BridgeError } from '../util/errors.ts'

/**
 * Paths on the wire. A path of ours is text; a byte that is not UTF-8 is carried as the lone surrogate
 * U+DC00 + byte, so that every file name of a machine has one text and goes back to its own bytes.
 */

/** The bytes of a path. Throws `invalid_input` on what no file name can hold: NUL, half a character. */
export function bytesFromPath(path: string): Buffer {
  if (path.includes('\0'))
    throw new BridgeError('invalid_input', `Path ${JSON.stringify(path)} holds a NUL character`)
  if (isWellFormed(path)) return Buffer.from(path)
  const parts: Buffer[] = []
  for (const part of path.split(LONE_SURROGATE)) {
    const code = part.charCodeAt(0)
    if (part.length > 1 || isWellFormed(part)) parts.push(Buffer.from(part))
    else if (code >= 0xdc80 && code <= 0xdcff) parts.push(Buffer.from([code - 0xdc00]))
    else throw new BridgeError('invalid_input', `Path ${JSON.stringify(path)} holds half a character`)
  }
  return Buffer.concat(parts)
}

/** True for a text without lone surrogates: one that JSON, and with it the wire, can carry as it is. */
export function isWellFormed(text: string): boolean {
  return text.search(LONE_SURROGATE) < 0
}

/** The text of a path's bytes. */
export function pathFromBytes(bytes: Uint8Array): string {
  if (isUtf8(bytes)) return Buffer.from(bytes).toString('utf8')
  let out = ''
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at)
    const piece = bytes.subarray(at, at + (length || 1))
    out += length ? Buffer.from(piece).toString('utf8') : String.fromCharCode(0xdc00 + piece[0]!)
    at += piece.length
  }
  return out
}

/** A path as a `file:` URI: everything but unreserved characters, `/` and a drive's colon is percent-encoded. */
export function uriFromPath(path: string): string {
  const drive = /^[A-Za-z]:[\\/]/.test(path)
  const plain = drive ? `/${path.replaceAll('\\', '/')}` : path
  let out = 'file://'
  for (const [at, byte] of bytesFromPath(plain).entries()) {
    const char = String.fromCharCode(byte)
    const isFree = /[A-Za-z0-9\-._~/]/.test(char) || (drive && at === 2)
    out += isFree ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return out
}

/** The path of a `file:` URI, or the text itself when it is a plain path: executors of every age may be read so. */
export function pathFromWire(text: string): string {
  const match = /^file:(?:\/\/[^/]*)?(\/.*)$/is.exec(text)
  if (!match) return text
  const bytes: number[] = []
  for (const [, hex, plain] of match[1]!.matchAll(/%([0-9a-f]{2})|([^%]+|%)/gi))
    bytes.push(...(hex ? [Number.parseInt(hex, 16)] : Buffer.from(plain!)))
  const path = pathFromBytes(Uint8Array.from(bytes))
  return /^\/[A-Za-z]:(\/|$)/.test(match[1]!) ? path.slice(1).replaceAll('/', '\\') : path
}

const LONE_SURROGATE = /([\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff])/

/** How many bytes the valid UTF-8 character at `at` has; 0 when there is none. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!
  const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
  const piece = bytes.subarray(at, at + length)
  return piece.length === length && isUtf8(piece) ? length : 0
}

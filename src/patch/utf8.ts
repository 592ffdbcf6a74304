import { isUtf8 } from 'node:buffer'

/** What Rust, and so codex, says of bytes that are not UTF-8; undefined when they are. */
export function utf8Problem(bytes: Uint8Array): string | undefined {
  if (isUtf8(bytes)) return undefined
  for (let at = 0; ; ) {
    const needed = bytesNeeded(bytes[at]!)
    const good = goodBytes(bytes, at, needed)
    if (good < needed && at + good === bytes.length) return `incomplete utf-8 byte sequence from index ${at}`
    if (good < needed || needed === 0) return `invalid utf-8 sequence of ${good} bytes from index ${at}`
    at += needed
  }
}

/** How many bytes the character has that this one begins; 0 when it begins none. */
function bytesNeeded(first: number): number {
  if (first < 0x80) return 1
  if (first < 0xc2 || first > 0xf4) return 0
  return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
}

function goodBytes(bytes: Uint8Array, at: number, needed: number): number {
  let good = 1
  while (good < needed && continues(bytes[at]!, good, bytes[at + good])) good++
  return good
}

/** Whether a byte may stand at this place of a character. The second byte also rules out surrogates and overlong forms. */
function continues(first: number, place: number, byte: number | undefined): boolean {
  if (byte === undefined || byte < 0x80 || byte > 0xbf) return false
  if (place > 1) return true
  if (first === 0xe0) return byte >= 0xa0
  if (first === 0xed) return byte < 0xa0
  if (first === 0xf0) return byte >= 0x90
  return first !== 0xf4 || byte < 0x90
}

/**
 * The character up to U+FFFF that begins at a byte of valid UTF-8. For longer ones, and for a place inside of one, a number that is
 * no character.
 */
export function codeAt(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!
  if (first < 0x80) return first
  if (first < 0xc0 || first >= 0xf0) return NO_CHARACTER
  if (first < 0xe0) return ((first & 0x1f) << 6) | (bytes[at + 1]! & 0x3f)
  return ((first & 0x0f) << 12) | ((bytes[at + 1]! & 0x3f) << 6) | (bytes[at + 2]! & 0x3f)
}

const NO_CHARACTER = 0x110000

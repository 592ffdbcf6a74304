import { codeAt } from './utf8.ts'

/**
 * The text with typographic dashes, quotes and blanks replaced by those of a keyboard: what codex's loosest level compares. Gives
 * the same bytes back when there is nothing to replace.
 */
export function fold(bytes: Uint8Array): Uint8Array {
  const first = firstTypographic(bytes)
  if (first === bytes.length) return bytes
  const folded = new Uint8Array(bytes)
  let length = first
  for (let at = first; at < bytes.length; ) {
    const byte = bytes[at]!
    const plain = byte < 0x80 ? undefined : keyboardCode(codeAt(bytes, at))
    folded[length++] = plain ?? byte
    at += plain === undefined ? 1 : byte < 0xe0 ? 2 : 3
  }
  return folded.subarray(0, length)
}

function firstTypographic(bytes: Uint8Array): number {
  let at = 0
  while (at < bytes.length && (bytes[at]! < 0x80 || keyboardCode(codeAt(bytes, at)) === undefined)) at++
  return at
}

const BLANK = 0x20
const DASH = 0x2d
const SINGLE_QUOTE = 0x27
const DOUBLE_QUOTE = 0x22

function keyboardCode(code: number): number | undefined {
  if (code === 0xa0) return BLANK
  if (code < 0x2002 || code > 0x3000) return undefined
  if (code <= 0x200a) return BLANK
  if (code <= 0x2015) return code >= 0x2010 ? DASH : undefined
  if (code <= 0x201f) return code >= 0x2018 ? (code <= 0x201b ? SINGLE_QUOTE : DOUBLE_QUOTE) : undefined
  if (code === 0x202f || code === 0x205f || code === 0x3000) return BLANK
  return code === 0x2212 ? DASH : undefined
}

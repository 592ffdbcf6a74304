/** How many bytes the character at `at` has. 0: not UTF-8. -1: UTF-8 as far as it goes, but the bytes end before it does. */
export function characterLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!
  if (first < 0x80) return 1
  const length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0
  for (let i = 1; i < length; i++) {
    const byte = bytes[at + i]
    if (byte === undefined) return -1
    if ((byte & 0xc0) !== 0x80 || (i === 1 && !isSecond(first, byte))) return 0
  }
  return length
}

/** How many bytes at the end are the beginning of a character whose rest has not come. */
export function incompleteCharacter(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const at = bytes.length - back
    if ((bytes[at]! & 0xc0) !== 0x80) return characterLength(bytes, at) === -1 ? back : 0
  }
  return 0
}

/** The last border of characters at or before `at`. */
export function borderBefore(bytes: Uint8Array, at: number): number {
  let border = at
  while (border > 0 && border < bytes.length && (bytes[border]! & 0xc0) === 0x80) border--
  return border
}

/** The first border of characters at or after `at`. */
export function borderAfter(bytes: Uint8Array, at: number): number {
  let border = at
  while (border < bytes.length && (bytes[border]! & 0xc0) === 0x80) border++
  return border
}

/** Overlong forms, surrogates and what lies beyond U+10FFFF are told by the second byte. */
function isSecond(first: number, second: number): boolean {
  switch (first) {
    case 0xe0:
      return second >= 0xa0
    case 0xed:
      return second < 0xa0
    case 0xf0:
      return second >= 0x90
    case 0xf4:
      return second < 0x90
  }
  return true
}

import { decodeBytes } from './decode.ts'
import { incompleteCharacter } from './utf8.ts'

/** What models can look at. */
export type ImageType = 'image/png' | 'image/jpeg' | 'image/gif' | 'image/webp'

/** What the first bytes of a file say of it; latin1, with dots for any byte. */
const KINDS: readonly (readonly [RegExp, string])[] = [
  [/^\x89PNG\r\n\x1a\n/, 'image/png'],
  [/^\xff\xd8\xff/, 'image/jpeg'],
  [/^GIF8[79]a/, 'image/gif'],
  [/^RIFF....WEBP/s, 'image/webp'],
  [/^(\xff\xfe|\xfe\xff)/, 'UTF-16 text'],
  [/^\x7fELF/, 'ELF program or library'],
  [/^MZ/, 'Windows program'],
  [/^[\xcf\xce]\xfa\xed\xfe/, 'Mach-O program'],
  [/^%PDF-/, 'PDF document'],
  [/^PK\x03\x04/, 'zip archive'],
  [/^\x1f\x8b/, 'gzip data'],
  [/^BZh/, 'bzip2 data'],
  [/^\xfd7zXZ/, 'xz data'],
  [/^\x28\xb5\x2f\xfd/, 'zstd data'],
  [/^.{257}ustar/s, 'tar archive'],
  [/^SQLite format 3\0/, 'SQLite database'],
]

/** What a file is by its beginning: an image type, a few words, or `binary data`. */
export function kindOf(beginning: Uint8Array): string {
  const text = Buffer.from(beginning.subarray(0, 512)).toString('latin1')
  return KINDS.find(([pattern]) => pattern.test(text))?.[1] ?? 'binary data'
}

/** The type of an image that models can look at. */
export function imageTypeOf(beginning: Uint8Array): ImageType | undefined {
  const kind = kindOf(beginning)
  switch (kind) {
    case 'image/png':
    case 'image/jpeg':
    case 'image/gif':
    case 'image/webp':
      return kind
  }
  return undefined
}

/**
 * Whether bytes are no text: they hold a NUL, or more than a tenth is not UTF-8 (a few wrong bytes are shown as they are).
 * Characters cut by the borders of a window do not count.
 */
export function isBinary(window: Uint8Array): boolean {
  if (window.includes(0)) return true
  let start = 0
  while (start < Math.min(3, window.length) && (window[start]! & 0xc0) === 0x80) start++
  const inner = window.subarray(start, window.length - incompleteCharacter(window))
  const wrong = decodeBytes(inner, false).filter(({ text, rawBytes }) => text.length !== rawBytes)
  return wrong.length * 10 > inner.length
}

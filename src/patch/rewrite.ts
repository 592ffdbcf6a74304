import { BridgeError } from '../util/errors.ts'
import type { PatchHunk, UpdateFile } from './patch.ts'
import { type Edit, type Mismatch, type Placed, placeHunks } from './place.ts'
import { Seeker } from './seek.ts'
import { Source } from './source.ts'

/** The new text of a file, or the hunk that has no place in it. */
export type Rewritten =
  | (Extract<Placed, { ok: true }> & { readonly bytes: Uint8Array })
  | { readonly ok: false; readonly mismatch: Mismatch }

/** Makes the changes of a section to a file. Lines that no hunk changes keep their bytes, line ends included. */
export function rewrite(
  seeker: Seeker,
  { hunks, finalLineEnd }: Pick<UpdateFile, 'hunks' | 'finalLineEnd'>,
): Rewritten {
  const placed = placeHunks(seeker, hunks)
  return placed.ok ? { ...placed, bytes: edited(seeker.source, placed.edits, finalLineEnd) } : placed
}

/** The new text. Throws `conflict` with codex's own words when a hunk has no place. */
export function applyHunks(source: string, hunks: readonly PatchHunk[]): string {
  const result = rewrite(new Seeker(new Source(Buffer.from(source))), { hunks })
  if (!result.ok) throw new BridgeError('conflict', mismatchText(result.mismatch, 'the text'))
  return Buffer.from(result.bytes).toString()
}

/** What codex says of a hunk that has no place in a file. */
export function mismatchText({ missing, block }: Mismatch, path: string): string {
  if (missing === 'anchor') return `Failed to find context '${block[0]}' in ${path}`
  return `Failed to find expected lines in ${path}:\n${block.join('\n')}`
}

/** The text with its lines replaced. Added lines get the file's first line end; the last line gets one if it had none. */
function edited(
  source: Source,
  edits: readonly Edit[],
  finalLineEnd: UpdateFile['finalLineEnd'],
): Uint8Array {
  const { bytes, lineCount, lineEnd } = source
  const pieces: Uint8Array[] = []
  const end = Buffer.from(lineEnd)
  let at = 0
  const keepUntil = (line: number) => {
    if (at < line) pieces.push(bytes.subarray(source.start(at), source.start(line)))
    if (at < line && line === lineCount && source.isUnended) pieces.push(end)
  }
  for (const { line, remove, insert } of edits) {
    keepUntil(line)
    for (const text of insert) pieces.push(Buffer.from(text), end)
    at = line + remove
  }
  keepUntil(lineCount)
  const isUntouchedEnd = at < lineCount && source.isUnended
  const dropsEnd = finalLineEnd === 'drop' || (finalLineEnd === 'keep' && isUntouchedEnd)
  const whole = Buffer.concat(pieces)
  return dropsEnd && whole.length > 0 ? whole.subarray(0, -end.length) : whole
}

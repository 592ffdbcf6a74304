import { parsePatch } from '../../src/patch/parse.ts'
import type { PatchHunk } from '../../src/patch/patch.ts'
import { type Placed, placeHunks } from '../../src/patch/place.ts'
import { Seeker } from '../../src/patch/seek.ts'
import { Source } from '../../src/patch/source.ts'

/** The hunks of an Update section with these lines. */
export function hunksOf(...lines: string[]): readonly PatchHunk[] {
  const [op] = parsePatch(['*** Begin Patch', '*** Update File: a', ...lines, '*** End Patch'].join('\n'))
  return op?.kind === 'update' ? op.hunks : []
}

export function seekerOf(text: string | Uint8Array): Seeker {
  return new Seeker(new Source(Buffer.from(text)))
}

/** Looks for the places of hunks in a text. */
export function place(text: string, hunks: readonly PatchHunk[]): Placed & { seeker: Seeker } {
  const seeker = seekerOf(text)
  return { ...placeHunks(seeker, hunks), seeker }
}

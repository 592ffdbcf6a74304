import { countField, fieldsOf, listOf, textField } from './fields.ts'
import type { FileShape, SharedFile } from './shared-file.ts'
import { MAX_TTL_S } from './tokens.ts'

/** Turns whose tokens are no longer good, each with the last second its tokens could have lived (s since 1970). */
export type Revoked = readonly { readonly turnId: string; readonly exp: number }[]

export const revokedShape: FileShape<Revoked> = {
  parse: (value) =>
    listOf(value, 'it').map((entry) => {
      const fields = fieldsOf(entry, 'an entry')
      return { turnId: textField(fields, 'turnId'), exp: countField(fields, 'exp') }
    }),
  empty: () => [],
}

/**
 * Writes down that a turn is over, at most for as long as any token lives. Turns whose tokens have all expired by now
 * are forgotten.
 */
export async function revokeTurn(
  file: SharedFile<Revoked>,
  turn: { turnId: string; exp: number },
  now: number,
): Promise<void> {
  const exp = Math.min(turn.exp, now + MAX_TTL_S)
  await file.update((revoked) => [
    ...revoked.filter((entry) => entry.exp > now && entry.turnId !== turn.turnId),
    { turnId: turn.turnId, exp },
  ])
}

export function isRevoked(file: SharedFile<Revoked>, turnId: string): boolean {
  return file.read().some((entry) => entry.turnId === turnId)
}

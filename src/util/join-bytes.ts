/** Several pieces as one; a single one is not copied. */
export function joinBytes(pieces: readonly Uint8Array[]): Uint8Array {
  const [first, ...rest] = pieces
  return first && rest.length === 0 ? first : Buffer.concat(pieces)
}

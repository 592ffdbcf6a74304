/**
 * The name of the executor that a join token of ours is for: tokens are `base64url(JSON).signature`, and who has one may read
 * it. Undefined for a token of another make.
 */
export function nameInToken(token: string): string | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString('utf8'))
    const name: unknown =
      typeof value === 'object' && value !== null && 'name' in value ? value.name : undefined
    return typeof name === 'string' && name !== '' ? name : undefined
  } catch {
    return undefined
  }
}

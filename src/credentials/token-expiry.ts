/**
 * When a token ends, in ms since 1970, if it can be read as one that says so: dot-separated parts of base64url, one
 * of which is a JSON object with `exp` in seconds (a JWT, or a gateway's `payload.signature`). Its signature is not our
 * business. `undefined` for every other text.
 */
export function tokenExpiry(token: string): number | undefined {
  for (const part of token.split('.').slice(0, 2)) {
    const exp = expOf(part)
    if (exp !== undefined) return exp * 1000
  }
  return undefined
}

function expOf(part: string): number | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    const exp: unknown = typeof value === 'object' && value !== null && 'exp' in value ? value.exp : undefined
    return typeof exp === 'number' && Number.isFinite(exp) ? exp : undefined
  } catch {
    return undefined
  }
}

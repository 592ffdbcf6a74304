import { createHmac } from 'node:crypto'
import { isSameSecret } from '../util/same-secret.ts'

/** No token of ours is longer: one with the longest description, in a script of three bytes a letter, has 4.3 KB. */
export const MAX_TOKEN = 6 * 1024

/** `base64url(JSON).base64url(HMAC-SHA256)`: anyone may read it, nobody but the owner of the key can make it. */
export function seal(payload: object, key: string): string {
  const body = Buffer.from(JSON.stringify(payload)).toString('base64url')
  return `${body}.${signatureOf(body, key)}`
}

/** The signature under a token's first part; as a text, the second part of the token. */
export function signatureOf(body: string, key: string): string {
  return createHmac('sha256', key).update(body).digest('base64url')
}

/** What was sealed with one of `keys`; `undefined` for every other text. */
export function unseal(token: string, keys: readonly string[]): unknown {
  const [body = '', signature = '', ...rest] = token.length > MAX_TOKEN ? [] : token.split('.')
  if (body === '' || rest.length > 0) return undefined
  const isOurs = keys.filter((key) => isSameSecret(signature, signatureOf(body, key))).length > 0
  return isOurs ? parsed(body) : undefined
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(Buffer.from(body, 'base64url').toString('utf8'))
  } catch {
    return undefined
  }
}

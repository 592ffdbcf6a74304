import { createHash, timingSafeEqual } from 'node:crypto'

/** Whether two texts are the same, in a time that tells neither where they differ nor how long the secret is. */
export function isSameSecret(given: string, secret: string): boolean {
  return timingSafeEqual(digestOf(given), digestOf(secret))
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

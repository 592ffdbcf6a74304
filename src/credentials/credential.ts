import { BridgeError } from '../util/errors.ts'

/** A secret that is read when it is needed: what stands behind it may be rotated at any time. */
export interface Credential {
  /** Where the secret comes from, for messages: `variable "GATEWAY_TOKEN"`. Never the secret. */
  readonly origin: string
  /** The secret as it is now. Rejects with `denied` when there is none, or none that a header can carry. */
  read(): Promise<string>
  /**
   * Called when `refused` was refused. Gives another secret to try once, shared by all who ask together, or `undefined`
   * when there is none but the refused one.
   */
  renew(refused: string): Promise<string | undefined>
  /**
   * Calls `listener` when there may be another secret, until disposed. Absent where that cannot be seen before somebody reads it. It
   * is for those who were refused: nobody needs it to get the newest secret.
   */
  onChange?(listener: () => void): Disposable
}

/** What `read` gives at each use: there is another secret for a refused one when it gives another one. */
export function liveCredential(origin: string, read: () => Promise<string>): Credential {
  return {
    origin,
    read,
    async renew(refused) {
      const secret = await read()
      return secret === refused ? undefined : secret
    },
  }
}

/** `secret` when a header can carry it; throws `denied`, without repeating it, when it is empty or cannot. */
export function usableSecret(secret: string | undefined, origin: string): string {
  if (!secret) throw new BridgeError('denied', `Cannot read a token: ${origin} is unset or empty`)
  if (/^[\x21-\x7e]+$/.test(secret)) return secret
  throw new BridgeError('denied', `Cannot use the token of ${origin}: it has spaces or line breaks`)
}

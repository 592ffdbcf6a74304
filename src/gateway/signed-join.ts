import { type Keys, liveKeys } from './keys.ts'
import { signatureOf } from './sealed.ts'
import { type SignedRequest, signerOf } from './sigv4.ts'
import { secondsNow } from './tokens.ts'

/**
 * The join token that a request is signed with, where only a signature travels. A join token is a pair of AWS-style keys: its
 * first part is the access key id, its second the secret, which each of our keys makes anew. `undefined` when none signed.
 */
export function joinTokenOfSigner(keys: Keys, request: SignedRequest): string | undefined {
  for (const key of liveKeys(keys.joinKeys, secondsNow())) {
    const accessKey = signerOf(request, (id) => signatureOf(id, key), Date.now())
    if (accessKey !== undefined) return `${accessKey}.${signatureOf(accessKey, key)}`
  }
  return undefined
}

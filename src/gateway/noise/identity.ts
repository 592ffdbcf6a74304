import { createPrivateKey, createPublicKey } from 'node:crypto'
import { BridgeError } from '../../util/errors.ts'
import { type DhKey, generateDhKey, generateKemKey, KEY_SIZES, type KemKey } from './primitives.ts'

/** The suite as the JSON of registrations names it. */
export const NOISE_SUITE = 'Noise_hybridIK_X25519+MLKEM768_AESGCM_SHA256'

/** The static keys of one end. The private halves leave the process only into a file of its owner's. */
export interface NoiseIdentity {
  readonly dh: DhKey
  readonly kem: KemKey
}

/** The public half of an identity. */
export interface NoisePublicKey {
  readonly x25519: Buffer
  readonly kem: Buffer
}

export function generateIdentity(): NoiseIdentity {
  return { dh: generateDhKey(), kem: generateKemKey() }
}

/** An identity as text for a file that only its owner reads. */
export function identityToText({ dh, kem }: NoiseIdentity): string {
  const privateKey = dh.privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64')
  const kemKey = {
    public: kem.publicBytes.toString('base64'),
    secret: Buffer.from(kem.secretBytes).toString('base64'),
  }
  return `${JSON.stringify({ suite: NOISE_SUITE, x25519: privateKey, mlkem768: kemKey })}\n`
}

/** Reads what `identityToText` wrote; throws when it is something else. */
export function identityFromText(text: string): NoiseIdentity {
  const { suite, x25519, mlkem768 } = JSON.parse(text)
  if (suite !== NOISE_SUITE)
    throw new BridgeError('invalid_input', `Cannot use a key of suite ${JSON.stringify(suite)}`)
  const privateKey = createPrivateKey({ key: Buffer.from(x25519, 'base64'), format: 'der', type: 'pkcs8' })
  const publicBytes = createPublicKey(privateKey)
    .export({ type: 'spki', format: 'der' })
    .subarray(-KEY_SIZES.x25519)
  const kem = {
    publicBytes: Buffer.from(mlkem768.public, 'base64'),
    secretBytes: Buffer.from(mlkem768.secret, 'base64'),
  }
  return { dh: { publicBytes, privateKey }, kem }
}

/** What others may know of an identity. */
export function publicHalf({ dh, kem }: NoiseIdentity): NoisePublicKey {
  return { x25519: dh.publicBytes, kem: kem.publicBytes }
}

/** A public key as it stands in registrations. */
export function publicKeyToJson({ x25519, kem }: NoisePublicKey): Record<string, string> {
  return {
    suite: NOISE_SUITE,
    x25519_public_key: x25519.toString('base64'),
    mlkem768_public_key: kem.toString('base64'),
  }
}

/** Reads a public key out of a registration; `undefined` when it is none of this suite. */
export function parsePublicKey(value: unknown): NoisePublicKey | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { suite, x25519_public_key, mlkem768_public_key } = value as Record<string, unknown>
  if (
    suite !== NOISE_SUITE ||
    typeof x25519_public_key !== 'string' ||
    typeof mlkem768_public_key !== 'string'
  )
    return undefined
  const x25519 = Buffer.from(x25519_public_key, 'base64')
  const kem = Buffer.from(mlkem768_public_key, 'base64')
  const isWhole = x25519.length === KEY_SIZES.x25519 && kem.length === KEY_SIZES.kemPublic
  return isWhole ? { x25519, kem } : undefined
}

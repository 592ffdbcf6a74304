import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto'
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js'
import { BridgeError } from '../../util/errors.ts'

/** Sizes in bytes. */
export const KEY_SIZES = { x25519: 32, kemPublic: 1184, kemCiphertext: 1088, tag: 16 } as const

export interface DhKey {
  readonly publicBytes: Buffer
  readonly privateKey: KeyObject
}

export interface KemKey {
  readonly publicBytes: Buffer
  readonly secretBytes: Uint8Array
}

/** DER in front of the 32 bytes of an X25519 public key (RFC 8410). */
const PUBLIC_PREFIX = Buffer.from('302a300506032b656e032100', 'hex')

export function sha256(...parts: Uint8Array[]): Buffer {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** Noise's HKDF: `count` outputs of 32 bytes from a chaining key and new material. */
export function hkdf(chainingKey: Uint8Array, material: Uint8Array, count: 2 | 3): Buffer[] {
  const hmac = (key: Uint8Array, ...parts: Uint8Array[]) =>
    createHmac('sha256', key).update(Buffer.concat(parts)).digest()
  const secret = hmac(chainingKey, material)
  const outputs: Buffer[] = []
  for (let n = 1; n <= count; n++)
    outputs.push(hmac(secret, outputs.at(-1) ?? Buffer.alloc(0), Buffer.from([n])))
  return outputs
}

export function generateDhKey(): DhKey {
  const { publicKey, privateKey } = generateKeyPairSync('x25519')
  return {
    publicBytes: publicKey.export({ type: 'spki', format: 'der' }).subarray(PUBLIC_PREFIX.length),
    privateKey,
  }
}

export function dh(own: DhKey, otherPublic: Uint8Array): Buffer {
  const key = Buffer.concat([PUBLIC_PREFIX, otherPublic])
  return diffieHellman({
    privateKey: own.privateKey,
    publicKey: createPublicKey({ key, format: 'der', type: 'spki' }),
  })
}

export function generateKemKey(): KemKey {
  const { publicKey, secretKey } = ml_kem768.keygen()
  return { publicBytes: Buffer.from(publicKey), secretBytes: secretKey }
}

export function encapsulate(publicBytes: Uint8Array): { ciphertext: Buffer; secret: Buffer } {
  const { cipherText, sharedSecret } = ml_kem768.encapsulate(publicBytes)
  return { ciphertext: Buffer.from(cipherText), secret: Buffer.from(sharedSecret) }
}

export function decapsulate(ciphertext: Uint8Array, key: KemKey): Buffer {
  return Buffer.from(ml_kem768.decapsulate(ciphertext, key.secretBytes))
}

/** AES-256-GCM under one key, with a nonce that counts: 4 zero bytes, then the count, big-endian. */
export class Cipher {
  readonly #key: Uint8Array
  #count = 0n

  constructor(key: Uint8Array) {
    this.#key = key
  }

  encrypt(plain: Uint8Array, associated: Uint8Array): Buffer {
    const cipher = createCipheriv('aes-256-gcm', this.#key, this.#nonce())
    cipher.setAAD(associated)
    return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
  }

  /** Throws `denied` when the bytes were not made with this key, at this place. */
  decrypt(bytes: Uint8Array, associated: Uint8Array): Buffer {
    const end = bytes.byteLength - KEY_SIZES.tag
    if (end < 0) throw new BridgeError('denied', 'Cannot decrypt a record: it is shorter than its tag')
    const decipher = createDecipheriv('aes-256-gcm', this.#key, this.#nonce())
    decipher.setAAD(associated)
    decipher.setAuthTag(bytes.subarray(end))
    try {
      return Buffer.concat([decipher.update(bytes.subarray(0, end)), decipher.final()])
    } catch (error) {
      throw new BridgeError(
        'denied',
        'Cannot decrypt a record: it was not made with the key of this stream',
        {
          cause: error,
        },
      )
    }
  }

  #nonce(): Buffer {
    const nonce = Buffer.alloc(12)
    nonce.writeBigUInt64BE(this.#count++, 4)
    return nonce
  }
}

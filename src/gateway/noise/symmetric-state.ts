import { Cipher, hkdf, sha256 } from './primitives.ts'

/** The name that is hashed into every handshake; the suite's name in JSON is another one (`identity.ts`). */
const PROTOCOL = 'Noise_hybridIK_25519+MLKEM768_AESGCM_SHA256'

/** What both ends of a Noise handshake build up alike: a hash of all that was said, and a chain of keys. */
export class SymmetricState {
  #hash = sha256(Buffer.from(PROTOCOL))
  #chainingKey = this.#hash
  #cipher: Cipher | undefined

  mixHash(data: Uint8Array): void {
    this.#hash = sha256(this.#hash, data)
  }

  mixKey(material: Uint8Array): void {
    const [chainingKey, key] = hkdf(this.#chainingKey, material, 2)
    this.#chainingKey = chainingKey!
    this.#cipher = new Cipher(key!)
  }

  mixKeyAndHash(material: Uint8Array): void {
    const [chainingKey, hash, key] = hkdf(this.#chainingKey, material, 3)
    this.#chainingKey = chainingKey!
    this.mixHash(hash!)
    this.#cipher = new Cipher(key!)
  }

  /** Encrypts under the key so far; before there is one, the bytes go as they are. */
  encryptAndHash(plain: Uint8Array): Buffer {
    const bytes = this.#cipher ? this.#cipher.encrypt(plain, this.#hash) : Buffer.from(plain)
    this.mixHash(bytes)
    return bytes
  }

  /** Throws `denied` when the other end does not hold the same keys. */
  decryptAndHash(bytes: Uint8Array): Buffer {
    const plain = this.#cipher ? this.#cipher.decrypt(bytes, this.#hash) : Buffer.from(bytes)
    this.mixHash(bytes)
    return plain
  }

  /** The two keys of the transport: first what the initiator sends, then what it receives. */
  split(): { fromInitiator: Cipher; toInitiator: Cipher } {
    const [first, second] = hkdf(this.#chainingKey, Buffer.alloc(0), 2)
    return { fromInitiator: new Cipher(first!), toInitiator: new Cipher(second!) }
  }
}

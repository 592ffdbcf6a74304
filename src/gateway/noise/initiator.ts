import { BridgeError } from '../../util/errors.ts'
import type { NoiseIdentity, NoisePublicKey } from './identity.ts'
import {
  type Cipher,
  type DhKey,
  decapsulate,
  dh,
  encapsulate,
  generateDhKey,
  generateKemKey,
  KEY_SIZES,
  type KemKey,
} from './primitives.ts'
import { SymmetricState } from './symmetric-state.ts'

const PROLOGUE = 'codex-exec-server-relay-noise/v1'

/** What both ends must agree on before they speak: a handshake for another stream or registration fails. */
export interface StreamName {
  readonly environmentId: string
  readonly registrationId: string
  readonly streamId: string
}

/** The keys of an open stream. */
export interface NoiseKeys {
  readonly send: Cipher
  readonly receive: Cipher
}

/**
 * Our side of the handshake with an executor: pattern IK with a key encapsulation beside each Diffie-Hellman, so that it
 * holds while either of the two does. `first` is sent, `finish` takes the answer and gives the keys.
 */
export class NoiseInitiator {
  readonly #identity: NoiseIdentity
  readonly #remote: NoisePublicKey
  readonly #state = new SymmetricState()
  #ephemeral: { dh: DhKey; kem: KemKey } | undefined

  constructor(identity: NoiseIdentity, remote: NoisePublicKey, name: StreamName) {
    this.#identity = identity
    this.#remote = remote
    this.#state.mixHash(prologue(name))
    this.#state.mixHash(remote.x25519)
    this.#state.mixHash(remote.kem)
  }

  /** The first message (skem, e, es, s, ss), with a payload that only the executor can read. */
  first(payload: Uint8Array): Buffer {
    const state = this.#state
    const { ciphertext, secret } = encapsulate(this.#remote.kem)
    const parts = [state.encryptAndHash(ciphertext)]
    state.mixKeyAndHash(secret)
    const ephemeral = { dh: generateDhKey(), kem: generateKemKey() }
    this.#ephemeral = ephemeral
    for (const bytes of [ephemeral.dh.publicBytes, ephemeral.kem.publicBytes]) {
      parts.push(bytes)
      state.mixHash(bytes)
    }
    state.mixKey(dh(ephemeral.dh, this.#remote.x25519))
    parts.push(state.encryptAndHash(this.#identity.dh.publicBytes))
    parts.push(state.encryptAndHash(this.#identity.kem.publicBytes))
    state.mixKey(dh(this.#identity.dh, this.#remote.x25519))
    parts.push(state.encryptAndHash(payload))
    return Buffer.concat(parts)
  }

  /** Takes the executor's answer (ekem, skem, e, ee, se). Throws `denied` when it does not prove who it is. */
  finish(message: Uint8Array): NoiseKeys {
    const { dh: ephemeral, kem } = this.#ephemeral!
    const state = this.#state
    const take = reader(message)
    const ciphertext = take(KEY_SIZES.kemCiphertext)
    state.mixHash(ciphertext)
    state.mixKey(decapsulate(ciphertext, kem))
    const sealed = state.decryptAndHash(take(KEY_SIZES.kemCiphertext + KEY_SIZES.tag))
    state.mixKeyAndHash(decapsulate(sealed, this.#identity.kem))
    const remoteEphemeral = take(KEY_SIZES.x25519)
    state.mixHash(remoteEphemeral)
    state.mixHash(take(KEY_SIZES.kemPublic))
    state.mixKey(dh(ephemeral, remoteEphemeral))
    state.mixKey(dh(this.#identity.dh, remoteEphemeral))
    state.decryptAndHash(take(KEY_SIZES.tag))
    const { fromInitiator, toInitiator } = state.split()
    return { send: fromInitiator, receive: toInitiator }
  }
}

/** Each part with its length in front, 8 bytes, big-endian. */
export function prologue({ environmentId, registrationId, streamId }: StreamName): Buffer {
  const parts = [PROLOGUE, environmentId, registrationId, streamId].map((part) => {
    const bytes = Buffer.from(part)
    const length = Buffer.alloc(8)
    length.writeBigUInt64BE(BigInt(bytes.byteLength))
    return Buffer.concat([length, bytes])
  })
  return Buffer.concat(parts)
}

function reader(message: Uint8Array): (length: number) => Uint8Array {
  let at = 0
  return (length) => {
    at += length
    if (at > message.byteLength)
      throw new BridgeError('denied', 'Cannot finish a handshake: the answer is too short')
    return message.subarray(at - length, at)
  }
}

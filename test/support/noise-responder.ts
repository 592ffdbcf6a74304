import type { NoiseIdentity, NoisePublicKey } from '../../src/gateway/noise/identity.ts'
import { type NoiseKeys, prologue, type StreamName } from '../../src/gateway/noise/initiator.ts'
import {
  decapsulate,
  dh,
  encapsulate,
  generateDhKey,
  generateKemKey,
  KEY_SIZES,
} from '../../src/gateway/noise/primitives.ts'
import { SymmetricState } from '../../src/gateway/noise/symmetric-state.ts'

/** The executor's side of a handshake, for tests. Gives its answer, its keys, the payload it was sent, and who sent it. */
export function respond(
  identity: NoiseIdentity,
  name: StreamName,
  first: Uint8Array,
): { answer: Buffer; keys: NoiseKeys; payload: string; sender: NoisePublicKey } {
  const state = new SymmetricState()
  state.mixHash(prologue(name))
  state.mixHash(identity.dh.publicBytes)
  state.mixHash(identity.kem.publicBytes)
  let at = 0
  const take = (length: number) => {
    at += length
    return first.subarray(at - length, at)
  }
  const ciphertext = take(KEY_SIZES.kemCiphertext)
  state.mixHash(ciphertext)
  state.mixKeyAndHash(decapsulate(ciphertext, identity.kem))
  const remoteEphemeral = take(KEY_SIZES.x25519)
  state.mixHash(remoteEphemeral)
  const remoteKem = take(KEY_SIZES.kemPublic)
  state.mixHash(remoteKem)
  state.mixKey(dh(identity.dh, remoteEphemeral))
  const remoteStatic = state.decryptAndHash(take(KEY_SIZES.x25519 + KEY_SIZES.tag))
  const remoteStaticKem = state.decryptAndHash(take(KEY_SIZES.kemPublic + KEY_SIZES.tag))
  state.mixKey(dh(identity.dh, remoteStatic))
  const payload = state.decryptAndHash(first.subarray(at)).toString()

  const toEphemeral = encapsulate(remoteKem)
  state.mixHash(toEphemeral.ciphertext)
  state.mixKey(toEphemeral.secret)
  const toStatic = encapsulate(remoteStaticKem)
  const sealed = state.encryptAndHash(toStatic.ciphertext)
  state.mixKeyAndHash(toStatic.secret)
  const ephemeral = generateDhKey()
  const ephemeralKem = generateKemKey()
  state.mixHash(ephemeral.publicBytes)
  state.mixHash(ephemeralKem.publicBytes)
  state.mixKey(dh(ephemeral, remoteEphemeral))
  state.mixKey(dh(ephemeral, remoteStatic))
  const parts = [toEphemeral.ciphertext, sealed, ephemeral.publicBytes, ephemeralKem.publicBytes]
  const answer = Buffer.concat([...parts, state.encryptAndHash(Buffer.alloc(0))])
  const { fromInitiator, toInitiator } = state.split()
  const sender = { x25519: remoteStatic, kem: remoteStaticKem }
  return { answer, keys: { send: toInitiator, receive: fromInitiator }, payload, sender }
}

import { describe, expect, it } from 'vitest'
import {
  generateIdentity,
  identityFromText,
  identityToText,
  NOISE_SUITE,
  parsePublicKey,
  publicHalf,
  publicKeyToJson,
} from '../../../src/gateway/noise/identity.ts'
import { NoiseInitiator } from '../../../src/gateway/noise/initiator.ts'
import { hkdf } from '../../../src/gateway/noise/primitives.ts'
import { RecordReader, sealRecords } from '../../../src/gateway/noise/records.ts'
import { respond } from '../../support/noise-responder.ts'

const name = {
  environmentId: 'env-1',
  registrationId: 'reg-1',
  streamId: '8f14e45f-ceea-467f-a2f1-3d0d8a0f4c8a',
}
const gateway = generateIdentity()
const executor = generateIdentity()
const executorKey = parsePublicKey(publicKeyToJson(publicHalf(executor)))!

function shakeHands() {
  const initiator = new NoiseInitiator(gateway, executorKey, name)
  const { answer, keys, payload } = respond(executor, name, initiator.first(Buffer.from('secret of ours')))
  return { ours: initiator.finish(answer), theirs: keys, payload }
}

describe('NoiseInitiator', () => {
  it('agrees with the executor on two keys, and tells it the payload', () => {
    const { ours, theirs, payload } = shakeHands()
    const none = Buffer.alloc(0)
    expect(payload).toBe('secret of ours')
    expect(theirs.receive.decrypt(ours.send.encrypt(Buffer.from('up'), none), none).toString()).toBe('up')
    expect(ours.receive.decrypt(theirs.send.encrypt(Buffer.from('down'), none), none).toString()).toBe('down')
  })

  it('sends messages of the lengths that executors send and take', () => {
    const initiator = new NoiseInitiator(gateway, executorKey, name)
    const first = initiator.first(Buffer.alloc(14))
    expect(first).toHaveLength(3582)
    expect(respond(executor, name, first).answer).toHaveLength(3424)
  })

  it.each([
    ['another stream', { ...name, streamId: 'other' }],
    ['another registration', { ...name, registrationId: 'other' }],
    ['another environment', { ...name, environmentId: 'other' }],
  ])('does not agree with one who answers for %s', (_, other) => {
    const first = new NoiseInitiator(gateway, executorKey, name).first(Buffer.alloc(0))
    expect(() => respond(executor, other, first)).toThrow('was not made with the key of this stream')
  })

  it('refuses an executor that does not hold the registered key', () => {
    const impostor = generateIdentity()
    const first = new NoiseInitiator(gateway, executorKey, name).first(Buffer.alloc(0))
    expect(() => respond(impostor, name, first)).toThrow()
  })

  it('refuses an answer that was changed or cut', () => {
    for (const change of [(b: Buffer) => (b[1100]! ^= 1), (b: Buffer) => (b[3423]! ^= 1)]) {
      const initiator = new NoiseInitiator(gateway, executorKey, name)
      const { answer } = respond(executor, name, initiator.first(Buffer.alloc(0)))
      change(answer)
      expect(() => initiator.finish(answer)).toThrow('was not made with the key of this stream')
    }
    const initiator = new NoiseInitiator(gateway, executorKey, name)
    const { answer } = respond(executor, name, initiator.first(Buffer.alloc(0)))
    expect(() => initiator.finish(answer.subarray(0, 2000))).toThrow('the answer is too short')
  })
})

describe('hkdf', () => {
  it('gives the outputs of RFC 5869 for a test vector with a chain as salt', () => {
    // Case 3 of RFC 5869 (no salt, no info, SHA-256): Noise's first output is HMAC(prk, 0x01), which is T(1) with no info.
    const [first] = hkdf(Buffer.alloc(32), Buffer.alloc(22, 0x0b), 2)
    expect(first!.toString('hex')).toBe('8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d')
  })
})

describe('records', () => {
  it.each([0, 1, 61_436, 61_437, 200_000])('carries a message of %i bytes', (length) => {
    const { ours, theirs } = shakeHands()
    const message = Buffer.alloc(length, 'm')
    const reader = new RecordReader(theirs.receive)
    const records = [...sealRecords(message, ours.send)]
    expect(records.every((record) => record.length <= 61_440 + 16)).toBe(true)
    expect(records.flatMap((record) => reader.push(record))).toEqual([message])
  })

  it('keeps messages apart however the stream is cut', () => {
    const { ours, theirs } = shakeHands()
    const reader = new RecordReader(theirs.receive)
    const stream = Buffer.from('\0\0\0\x03one\0\0\0\x03two')
    const pieces = [stream.subarray(0, 2), stream.subarray(2, 9), stream.subarray(9)]
    const messages = pieces.flatMap((piece) => reader.push(ours.send.encrypt(piece, Buffer.alloc(0))))
    expect(messages.map(String)).toEqual(['one', 'two'])
  })

  it('refuses a record that is replayed, changed, or announces too much', () => {
    const { ours, theirs } = shakeHands()
    const reader = new RecordReader(theirs.receive)
    const [record] = [...sealRecords(Buffer.from('x'), ours.send)]
    reader.push(record!)
    expect(() => reader.push(record!)).toThrow('was not made with the key of this stream')
    const other = shakeHands()
    const huge = other.ours.send.encrypt(Buffer.from('ffffffff', 'hex'), Buffer.alloc(0))
    expect(() => new RecordReader(other.theirs.receive).push(huge)).toThrow(
      'announced a message of 4294967295 bytes',
    )
  })
})

describe('identity', () => {
  it('survives a file', () => {
    const again = identityFromText(identityToText(gateway))
    expect(publicKeyToJson(publicHalf(again))).toEqual(publicKeyToJson(publicHalf(gateway)))
    expect(publicKeyToJson(publicHalf(gateway)).suite).toBe(NOISE_SUITE)
  })

  it.each([
    undefined,
    'text',
    { suite: 'other', x25519_public_key: '', mlkem768_public_key: '' },
    { suite: NOISE_SUITE, x25519_public_key: 'AA==', mlkem768_public_key: 'AA==' },
  ])('is not read out of %j', (value) => {
    expect(parsePublicKey(value)).toBeUndefined()
  })
})

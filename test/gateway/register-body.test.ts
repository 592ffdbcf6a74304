import { describe, expect, it } from 'vitest'
import { generateIdentity, publicHalf, publicKeyToJson } from '../../src/gateway/noise/identity.ts'
import { parseRegisterBody } from '../../src/gateway/register-body.ts'

const key = publicKeyToJson(publicHalf(generateIdentity()))
const noise = { security_profile: 'noise_hybrid_ik_v1', executor_public_key: key }

describe('parseRegisterBody', () => {
  it.each([
    ['nothing (0.131 to 0.140)', undefined, { era: 'relay', identity: undefined }],
    ['an empty object', {}, { era: 'relay', identity: undefined }],
    ['a process that names itself', { idempotency_id: 'p' }, { era: 'relay', identity: 'p' }],
    ['that it waits for credit', { stream_credit: true }, { era: 'relay', heedsCredit: true }],
    ['a credit of another kind', { stream_credit: 'yes' }, { era: 'relay', heedsCredit: false }],
    [
      'its own id (0.129, 0.130)',
      { executor_id: 'box', idempotency_id: 'p' },
      { era: 'text', identity: 'p' },
    ],
    ['a key (0.141 and later)', noise, { era: 'noise', identity: key.x25519_public_key }],
  ])('knows the era by %s', (_, body, expected) => {
    expect(parseRegisterBody(body)).toMatchObject(expected)
  })

  it.each([
    ['a list', [], 'the body is not a JSON object'],
    ['another profile', { ...noise, security_profile: 'v2' }, 'the security profile "v2" is not'],
    ['no key', { ...noise, executor_public_key: undefined }, '"executor_public_key" is not a public key'],
    [
      'a short key',
      { ...noise, executor_public_key: { ...key, x25519_public_key: 'AAAA' } },
      'is not a public key',
    ],
  ])('refuses %s', (_, body, why) => {
    expect(() => parseRegisterBody(body)).toThrow(why)
  })
})

import { describe, expect, it } from 'vitest'
import { exeIdOf, type Keys, keysShape, makeKeys, rotateKeys } from '../../src/gateway/keys.ts'
import { seal } from '../../src/gateway/sealed.ts'
import {
  mintJoinToken,
  mintWorkspaceToken,
  readJoinToken,
  readWorkspaceToken,
} from '../../src/gateway/tokens.ts'

const NOW = 1_800_000_000
const keys = makeKeys()
const token = mintWorkspaceToken(keys, { workspaceId: 'w1', turnId: 't1', userId: 'u1', ttl: 60 }, NOW)
const claims = { workspaceId: 'w1', name: 'box', description: 'A box', isDefault: true }
const join = mintJoinToken(keys, claims, NOW)

const payloadOf = (text: string) => JSON.parse(Buffer.from(text.split('.')[0]!, 'base64url').toString())
const withPayload = (text: string, payload: object) =>
  `${Buffer.from(JSON.stringify(payload)).toString('base64url')}.${text.split('.')[1]}`

describe('a workspace token', () => {
  it('carries its claims in the clear, under the names of the origin', () => {
    expect(payloadOf(token)).toEqual({
      turn_id: 't1',
      workspace_id: 'w1',
      user_id: 'u1',
      iat: NOW,
      exp: NOW + 60,
    })
  })

  it('is read back by whoever has the keys', () => {
    const expected = { workspaceId: 'w1', turnId: 't1', userId: 'u1', iat: NOW, exp: NOW + 60 }
    expect(readWorkspaceToken(keys, token, NOW + 59)).toEqual(expected)
  })

  it('gets a turn of its own when none is given', () => {
    const [a, b] = [0, 1].map(() => mintWorkspaceToken(keys, { workspaceId: 'w1', ttl: 60 }, NOW))
    expect(payloadOf(a!).turn_id).not.toBe(payloadOf(b!).turn_id)
  })

  it('is over when its time is', () => {
    expect(() => readWorkspaceToken(keys, token, NOW + 60)).toThrow('The workspace token has expired')
  })

  it.each([
    ['nothing', ''],
    ['no signature', token.split('.')[0]!],
    ['an empty signature', `${token.split('.')[0]}.`],
    ['the signature of another payload', withPayload(token, { ...payloadOf(token), workspace_id: 'w2' })],
    ['a later end', withPayload(token, { ...payloadOf(token), exp: NOW + 6000 })],
    [
      'one letter of the signature changed',
      token.slice(0, -2) + (token.at(-2) === 'A' ? 'B' : 'A') + token.at(-1),
    ],
    ['a third part', `${token}.x`],
    ['a key that is not ours', mintWorkspaceToken(makeKeys(), { workspaceId: 'w1', ttl: 60 }, NOW)],
    ['a join token', join],
    ['more than a token has', `${'A'.repeat(5000)}.${token.split('.')[1]}`],
  ])('is refused with %s', (_, text) => {
    expect(() => readWorkspaceToken(keys, text, NOW)).toThrow('is not a workspace token of this gateway')
  })
})

describe('a join token', () => {
  it('is read back', () => {
    expect(readJoinToken(keys, join, NOW + 10 ** 9)).toEqual(claims)
  })

  it('is not to be had of a workspace token', () => {
    expect(() => readJoinToken(keys, token, NOW)).toThrow('is not a join token of this gateway')
  })

  it('is refused when its payload is not of its shape, though the signature is ours', () => {
    const odd = seal({ workspace_id: '../x', name: 'box' }, keys.joinKeys[0]!.key)
    expect(() => readJoinToken(keys, odd, NOW)).toThrow('"workspace_id" must be 1 to 64')
  })
})

describe('rotateKeys', () => {
  const rotated = rotateKeys(keys, 'workspace', NOW + 30, NOW)

  it('signs with the new key, and believes the old one until the end of the overlap', () => {
    const fresh = mintWorkspaceToken(rotated, { workspaceId: 'w1', ttl: 60 }, NOW)
    expect(() => readWorkspaceToken(keys, fresh, NOW)).toThrow('is not a workspace token')
    expect(readWorkspaceToken(rotated, fresh, NOW + 31).workspaceId).toBe('w1')
    expect(readWorkspaceToken(rotated, token, NOW + 29).workspaceId).toBe('w1')
    expect(() => readWorkspaceToken(rotated, token, NOW + 30)).toThrow('its key was rotated away')
  })

  it('leaves the other family alone', () => {
    expect(readJoinToken(rotated, join, NOW + 31)).toEqual(claims)
  })

  it('never makes an old key live longer, and forgets those that are over', () => {
    const twice = rotateKeys(rotated, 'workspace', NOW + 900, NOW + 10)
    expect(twice.workspaceKeys.map(({ until }) => until)).toEqual([undefined, NOW + 900, NOW + 30])
    expect(rotateKeys(twice, 'workspace', NOW + 990, NOW + 40).workspaceKeys).toHaveLength(3)
  })
})

describe('exeIdOf', () => {
  it('is one for a workspace and a name, and another for any other', () => {
    const pairs = [
      ['w', 'box'],
      ['w', 'box2'],
      ['w2', 'box'],
      ['wb', 'ox'],
    ] as const
    const ids = pairs.map(([workspace, name]) => exeIdOf(keys.idKey, workspace, name))
    expect(new Set(ids).size).toBe(4)
    expect(ids[0]).toMatch(/^exe_[0-9a-f]{24}$/)
    expect(exeIdOf(keys.idKey, 'w', 'box')).toBe(ids[0])
    expect(exeIdOf(makeKeys().idKey, 'w', 'box')).not.toBe(ids[0])
  })
})

describe('the file of keys', () => {
  it.each<[string, (whole: Keys) => unknown]>([
    ['a list', () => []],
    ['no internal secret', ({ internalSecret: _, ...rest }) => rest],
    ['no keys of a family', (whole) => ({ ...whole, joinKeys: [] })],
    ['a key that is no text', (whole) => ({ ...whole, workspaceKeys: [{ key: 1 }] })],
  ])('is not taken with %s', (_, change) => {
    expect(() => keysShape.parse(change(keys))).toThrow()
    expect(keysShape.parse(JSON.parse(JSON.stringify(keys)))).toEqual(keys)
  })
})

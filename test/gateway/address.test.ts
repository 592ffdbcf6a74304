import type { IncomingMessage } from 'node:http'
import { describe, expect, it } from 'vitest'
import { addressOf } from '../../src/gateway/address.ts'

function request(remoteAddress: string, forwarded?: string): IncomingMessage {
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }
  return { socket: { remoteAddress }, headers } as unknown as IncomingMessage
}

describe('addressOf', () => {
  it.each([
    ['203.0.113.9', '203.0.113.9'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['::1', '::1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8::6', '2001:db8:0:0::/64'],
  ])('counts %s as %s', (remote, address) => {
    expect(addressOf(request(remote), false)).toBe(address)
  })

  it('believes what a client says of itself only as far as a proxy of ours adds to it', () => {
    const forwarded = '198.51.100.1, 203.0.113.9'
    expect(addressOf(request('127.0.0.1', forwarded), false)).toBe('127.0.0.1')
    expect(addressOf(request('127.0.0.1', forwarded), true)).toBe('203.0.113.9')
    expect(addressOf(request('127.0.0.1'), true)).toBe('127.0.0.1')
  })
})

import { describe, expect, it } from 'vitest'
import { hostCheck } from '../../src/gateway/hosts.ts'

describe('hostCheck', () => {
  const onLoopback = hostCheck('127.0.0.1', undefined)
  const published = hostCheck('127.0.0.1', 'https://Gate.example:8443/env')
  const onAll = hostCheck('0.0.0.0', undefined)

  it.each([
    ['127.0.0.1:7420', true],
    ['localhost:9', true],
    ['LOCALHOST', true],
    ['[::1]:7420', true],
    ['127.9.9.9', true],
    ['evil.example', false],
    ['localhost.evil.example', false],
    ['127.0.0.1.evil.example:7420', false],
    ['10.0.0.1:7420', false],
    ['', false],
    [undefined, false],
    ['a@127.0.0.1', false],
    ['127.0.0.1:7420 evil', false],
  ])('on loopback takes %s: %s', (host, isTaken) => {
    expect(onLoopback(host)).toBe(isTaken)
  })

  it('takes the name it is published under, on any port', () => {
    expect(published('gate.example')).toBe(true)
    expect(published('GATE.example:8443')).toBe(true)
    expect(published('other.example')).toBe(false)
  })

  it('takes addresses, but no names of others, where it listens on all', () => {
    expect(onAll('192.0.2.1:7420')).toBe(true)
    expect(onAll('[2001:db8::1]')).toBe(true)
    expect(onAll('evil.example')).toBe(false)
  })
})

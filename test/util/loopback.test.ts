import { describe, expect, it } from 'vitest'
import { isLoopback } from '../../src/util/loopback.ts'

describe('isLoopback', () => {
  it.each(['127.0.0.1', '127.9.9.9', '::1', '[::1]', 'localhost', 'LOCALHOST'])('knows %s', (host) => {
    expect(isLoopback(host)).toBe(true)
  })

  it.each(['', '0.0.0.0', '10.0.0.1', '127.0.0.1.evil.example', 'localhost.evil.example', '[::]'])(
    'does not take %j for it',
    (host) => {
      expect(isLoopback(host)).toBe(false)
    },
  )
})

import { describe, expect, it } from 'vitest'
import { maskingFor } from '../../src/rpc/masking.ts'

/** What a frame to that address would be masked with, when the mask was random. */
function maskTo(url: string): number[] {
  const mask = Buffer.from([1, 2, 3, 4])
  maskingFor(url).generateMask?.(mask)
  return [...mask]
}

describe('maskingFor', () => {
  it('leaves the mask out inside TLS and on loopback', () => {
    for (const url of [
      'wss://gateway.example/bridge/x',
      'ws://127.0.0.1:1',
      'ws://localhost/a',
      'ws://[::1]:8080',
    ])
      expect(maskTo(url)).toEqual([0, 0, 0, 0])
  })

  it('keeps it random where something may stand between', () => {
    for (const url of [
      'ws://gateway.example',
      'ws://10.0.0.1:1',
      'ws://127.0.0.1.example',
      'ws://localhost.example',
    ])
      expect(maskTo(url)).toEqual([1, 2, 3, 4])
  })
})

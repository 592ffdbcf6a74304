import { describe, expect, it } from 'vitest'
import { RelayAssembly } from '../../src/rpc/relay-assembly.ts'

const data = (seq: number, text: string, segmentIndex = 0, segmentCount = 1) =>
  ({ kind: 'data', seq, segmentIndex, segmentCount, payload: Buffer.from(text) }) as const
const text = (message: Uint8Array | undefined) => message && Buffer.from(message).toString()

describe('RelayAssembly', () => {
  it('gives whole messages at once, and drops those that come again', () => {
    const assembly = new RelayAssembly(100)
    expect([0, 1, 1, 0, 2].map((seq) => text(assembly.push(data(seq, `m${seq}`))))).toEqual([
      'm0',
      'm1',
      undefined,
      undefined,
      'm2',
    ])
    expect(assembly.ack).toBe(2)
  })

  it('puts segments together, and counts what it holds', () => {
    const assembly = new RelayAssembly(100)
    expect(assembly.push(data(0, 'ab', 0, 3))).toBeUndefined()
    expect(assembly.push(data(0, 'cd', 1, 3))).toBeUndefined()
    expect([assembly.heldBytes, assembly.ack]).toEqual([4, 0])
    expect(text(assembly.push(data(0, 'e', 2, 3)))).toBe('abcde')
    expect(assembly.heldBytes).toBe(0)
  })

  it('refuses segments that do not follow each other, and more than it may hold', () => {
    expect(() => new RelayAssembly(100).push(data(0, 'x', 1, 2))).toThrow('segments out of order')
    expect(() => new RelayAssembly(3).push(data(0, 'long', 0, 2))).toThrow('a message of over 4 bytes')
  })
})

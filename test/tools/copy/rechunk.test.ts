import { describe, expect, it } from 'vitest'
import { rechunk } from '../../../src/tools/copy/rechunk.ts'

async function* stream(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text)
}

async function pieces(source: AsyncIterable<Uint8Array>, size: number): Promise<string[]> {
  const given: string[] = []
  for await (const piece of rechunk(source, size)) given.push(Buffer.from(piece).toString())
  return given
}

describe('rechunk', () => {
  it('gives the same bytes in pieces that are large enough, but for the last', async () => {
    expect(await pieces(stream('ab', 'c', 'd', 'efgh', 'i'), 3)).toEqual(['abc', 'defgh', 'i'])
    expect(await pieces(stream(), 3)).toEqual([])
  })

  it('passes on what is large enough without a copy', async () => {
    const large = Buffer.from('abc')
    async function* source() {
      yield large
    }
    for await (const piece of rechunk(source(), 3)) expect(piece).toBe(large)
  })
})

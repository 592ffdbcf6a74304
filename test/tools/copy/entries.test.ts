import { describe, expect, it } from 'vitest'
import { type Batch, entriesOf, Listing, Selection } from '../../../src/tools/copy/entries.ts'

/** As a machine prints entries. */
function batch(lines: readonly string[], names: readonly (string | Buffer)[]): Batch {
  const head = Buffer.from(lines.map((line) => `${line}\n`).join(''))
  const tail = names.map((name) => Buffer.concat([Buffer.from(name), Buffer.alloc(1)]))
  return { length: lines.length, bytes: Buffer.concat([head, ...tail]), namesAt: head.byteLength }
}

const FIRST = batch(['41ed 4096 5', '81a4 12 1700000000'], ['.', './a\nb'])
const SECOND = batch(['a1ff 3 7', '11a4 0 8'], [Buffer.from('./l\xff', 'latin1'), './pipe'])

describe('a listing', () => {
  const listing = new Listing()
  listing.add(FIRST)
  listing.add(SECOND)

  it('gives the entries of all its batches, in order, as often as it is asked', () => {
    expect(listing.length).toBe(4)
    for (let round = 0; round < 2; round++)
      expect([...listing]).toEqual([
        { path: '', kind: 'directory', size: 4096, modifiedS: 5 },
        { path: 'a\nb', kind: 'file', size: 12, modifiedS: 1_700_000_000 },
        { path: 'l\udcff', kind: 'link', size: 3, modifiedS: 7 },
        { path: 'pipe', kind: 'special', size: 0, modifiedS: 8 },
      ])
  })

  it('keeps its entries when the batch is overwritten', () => {
    const bytes = Buffer.from(FIRST.bytes)
    const own = new Listing()
    own.add({ ...FIRST, bytes })
    bytes.fill(0)
    expect([...own]).toEqual([...entriesOf(FIRST)])
  })

  it('gives a part of itself, and a part of that', () => {
    const files = new Selection(listing, ({ kind }) => kind !== 'directory')
    const last = new Selection(files, ({ path }) => path === 'pipe')
    expect([files.length, last.length]).toEqual([3, 1])
    expect([...files].map(({ path }) => path)).toEqual(['a\nb', 'l\udcff', 'pipe'])
    expect([...last].map(({ path }) => path)).toEqual(['pipe'])
  })
})

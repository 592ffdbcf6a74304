import { describe, expect, it } from 'vitest'
import { ambiguities } from '../../src/patch/ambiguity.ts'
import { hunksOf, place } from '../support/patch-hunks.ts'

function ambiguitiesOf(text: string, ...lines: string[]): string[] {
  const placed = place(text, hunksOf(...lines))
  if (!placed.ok) throw new Error('It has no place')
  return ambiguities(placed.seeker, placed.placements)
}

describe('ambiguities', () => {
  it('lists up to five other places of a hunk', () => {
    expect(ambiguitiesOf('x\ny\n'.repeat(8), '@@', '-x', '+z')).toEqual([
      'Hunk 1 was taken for line 1, the first place of several; it fits as well at:',
      ...[3, 5, 7, 9, 11].map((line) => `  L${line}: "x"`),
    ])
  })

  it.each([
    ['there is no other place', 'x\ny\n', ['@@', '-x']],
    ['other hunks take the others', 'x\ny\nx\n', ['@@', '-x', '@@', '-x']],
    ['the @@ line decides', 'f()\nx\ng()\nx\n', ['@@ f()', '-x']],
    ['it is the end of the file', 'x\ny\nx\n', ['@@', '-x', '*** End of File']],
    ['others fit more loosely', 'x\n x\n', ['@@', '-x']],
    ['it only adds', 'x\nx\n', ['@@', '+y']],
  ])('says nothing when %s', (_, text, lines) => {
    expect(ambiguitiesOf(text, ...lines)).toEqual([])
  })

  it('does not trust an @@ line that stands several times itself', () => {
    expect(ambiguitiesOf('f()\nx\nf()\nx\n', '@@ f()', '-x')).toContain('  L4: "x"')
  })

  it('is bounded', () => {
    const text = Array.from({ length: 40 }, (_, at) => `l${at % 10}\n`).join('')
    const hunks = Array.from({ length: 10 }, (_, at) => ['@@', `-l${at}`]).flat()
    expect(ambiguitiesOf(text, ...hunks).length).toBeLessThanOrEqual(18)
  })

  it('costs less than twice what finding the places did, however many hunks there are', () => {
    const hunks = hunksOf(...Array.from({ length: 20_000 }, () => ['@@', '-x', '+z']).flat())
    const begun = process.cpuUsage()
    const placed = place('x\n'.repeat(30_000), hunks)
    const placing = process.cpuUsage(begun).user
    if (!placed.ok) throw new Error('It has no place')
    const between = process.cpuUsage()
    ambiguities(placed.seeker, placed.placements)
    expect(process.cpuUsage(between).user).toBeLessThan(2 * placing)
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Block } from '../../src/patch/lines.ts'
import { seekerOf } from '../support/patch-hunks.ts'

const SPACE =
  '[\\u0009-\\u000d\\u0020\\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]*'
const trimEnd = (text: string) => text.replace(new RegExp(`${SPACE}$`), '')
const trim = (text: string) => trimEnd(text).replace(new RegExp(`^${SPACE}`), '')
const fold = (text: string) =>
  trim(text)
    .replace(/[\u2010-\u2015\u2212]/g, '-')
    .replace(/[\u2018-\u201b]/g, "'")
    .replace(/[\u201c-\u201f]/g, '"')
    .replace(/[\u00a0\u2002-\u200a\u202f\u205f\u3000]/g, ' ')

/** The rule as it is written down: level by level, from the first place on. */
function findNaively(lines: readonly string[], block: readonly string[], from: number, endOfFile: boolean) {
  const last = lines.length - block.length
  const names = ['exact', 'trailing', 'ends', 'folded']
  for (const [at, see] of [(text: string) => text, trimEnd, trim, fold].entries())
    for (let line = endOfFile ? Math.max(from, last) : from; line <= last; line++)
      if (block.every((text, i) => see(text) === see(lines[line + i]!))) return { line, level: names[at] }
  return undefined
}

const LINES = [
  'a',
  'b',
  '',
  ' a',
  'a ',
  '\ta',
  'a\u00a0',
  'x-y',
  'x–y',
  ' x—y',
  '“q”',
  '"q"',
  ' ',
  '\u0085',
  '\ufeffa',
  'é\u3000',
]
const line = fc.constantFrom(...LINES)

describe('Seeker', () => {
  it('finds what a search line by line finds, at the same level', () => {
    const search = fc.record({
      lines: fc.array(line, { maxLength: 12 }),
      block: fc.array(fc.oneof(line, fc.constant('a\rb')), { minLength: 1, maxLength: 3 }),
      from: fc.nat(13),
      endOfFile: fc.boolean(),
      ends: fc.constantFrom(['\n'], ['\r\n'], ['\r'], ['\n', '\r\n'], ['\r\n', '\r']),
      isEnded: fc.boolean(),
      warmUp: fc.boolean(),
    })
    fc.assert(
      fc.property(search, ({ lines, block, from, endOfFile, ends, isEnded, warmUp }) => {
        const text = lines.map((one, at) => one + ends[at % ends.length]).join('')
        const isLastLost = !isEnded && lines.at(-1) === ''
        const seeker = seekerOf(isEnded || isLastLost ? text : text.replace(/(\r\n|\n|\r)$/, ''))
        // A budget for plain scans is spent by searches that find nothing.
        for (let i = 0; warmUp && i < 50; i++) seeker.find({ block: Block.of(['nowhere']), from: 0 })
        const found = seeker.find({ block: Block.of(block), from, endOfFile })
        const expected = findNaively(lines, block, from, endOfFile)
        expect(found && { line: found.line, level: found.level.name }).toEqual(expected)
      }),
      { numRuns: 3000 },
    )
  })

  it('takes the place nearest to a line when asked, at the first level that has one', () => {
    const seeker = seekerOf('x\ny\nx\ny\n x\nx\ny\n')
    const near = (line: number) => seeker.find({ block: Block.of(['x']), from: 0, near: line })?.line
    expect([0, 1, 2, 3, 4, 9].map(near)).toEqual([0, 0, 2, 2, 5, 5])
  })

  it('lists the places of one level', () => {
    const seeker = seekerOf('x\n x\nx\nx\n')
    const search = { block: Block.of(['x']), from: 0 }
    const { level } = seeker.find(search)!
    expect(seeker.places(level, search, 10)).toEqual([0, 2, 3])
    expect(seeker.places(level, search, 2)).toEqual([0, 2])
  })

  it('says that an empty block stands where the search begins', () => {
    expect(seekerOf('a\n').find({ block: Block.of([]), from: 1 })).toMatchObject({ line: 1 })
  })

  it('finds the first of many loose places, and a better one behind them', () => {
    const seeker = seekerOf(`${' x\n'.repeat(1000)}x\n`)
    const find = (text: string) => seeker.find({ block: Block.of([text]), from: 0 })
    expect(find('x')).toMatchObject({ line: 1000, level: { name: 'exact' } })
    expect(find('  x')).toMatchObject({ line: 0, level: { name: 'ends' } })
  })

  it('does not read the file again for every block that is not there', () => {
    const text = Array.from({ length: 20_000 }, (_, at) => `line ${at} of a file\n`).join('')
    const seeker = seekerOf(text)
    const miss = (count: number) => {
      const before = process.cpuUsage()
      for (let at = 0; at < count; at++)
        expect(
          seeker.find({ block: Block.of([`line ${at} of a file`, `absent ${at}`]), from: 0 }),
        ).toBeUndefined()
      return process.cpuUsage(before).user / 1000
    }
    const first = miss(10)
    expect(miss(1000)).toBeLessThan(Math.max(20 * first, 500))
  })

  it('gives up a plain search for what stands within a line all the time', () => {
    const text = 'x '.repeat(3_000_000)
    const miss = (line: string) => {
      const seeker = seekerOf(text)
      const before = process.cpuUsage()
      expect(seeker.find({ block: Block.of([line]), from: 0 })).toBeUndefined()
      return process.cpuUsage(before).user / 1000
    }
    miss('y')
    const never = miss('y')
    expect(miss('x')).toBeLessThan(4 * Math.max(never, 20))
  })

  it('finds a line also when a plain search for it was given up', () => {
    const seeker = seekerOf(`${'x '.repeat(1_000_000)}\nx\n`)
    expect(seeker.find({ block: Block.of(['x']), from: 0 })).toMatchObject({
      line: 1,
      level: { name: 'exact' },
    })
  })
})

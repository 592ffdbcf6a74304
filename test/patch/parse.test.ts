import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parse, parsePatch } from '../../src/patch/parse.ts'
import { parseLoosely } from '../../src/patch/parse-loosely.ts'

const PIECES = [
  ...['*** Begin Patch', '*** End Patch', ' *** End Patch', '*** Add File: a', '*** Delete File: b'],
  ...[
    '*** Update File: c',
    '*** Move to: d',
    '*** End of File',
    '*** Environment ID: e',
    '@@',
    '@@ f',
    '@@x',
  ],
  ...[' x', '-x', '+x', '', ' ', '\t', '\r', 'x', '<<EOF', 'EOF', '```', '\ufeff', '\u00a0'],
]
const patchLike = fc
  .array(fc.constantFrom(...PIECES), { maxLength: 30 })
  .chain((lines) => fc.constantFrom('\n', '\r\n', '\r\r\r\n').map((end) => lines.join(end)))
const wrapped = patchLike.map((text) => `*** Begin Patch\n${text}\n*** End Patch`)
const anyText = fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), patchLike, wrapped)

describe('parsePatch', () => {
  it('gives the sections with their hunks', () => {
    const patch = `*** Begin Patch
*** Add File: new.txt
+one
*** Delete File: old.txt
*** Update File: src/a.py
*** Move to: src/b.py
@@ def f():
 keep
-gone
+come
@@
+last
*** End of File
*** End Patch`
    expect(parsePatch(patch)).toEqual([
      { kind: 'add', path: 'new.txt', content: 'one\n' },
      { kind: 'delete', path: 'old.txt' },
      {
        kind: 'update',
        path: 'src/a.py',
        newPath: 'src/b.py',
        hunks: [
          {
            anchors: ['def f():'],
            line: 7,
            endOfFile: false,
            lines: [
              { kind: 'context', text: 'keep' },
              { kind: 'remove', text: 'gone' },
              { kind: 'add', text: 'come' },
            ],
          },
          { anchors: [], line: 11, endOfFile: true, lines: [{ kind: 'add', text: 'last' }] },
        ],
      },
    ])
  })

  it("throws codex's own words", () => {
    expect(() => parsePatch('*** Begin Patch\nx\n*** End Patch')).toThrow(
      "Invalid patch hunk on line 2: 'x' is not a valid hunk header.",
    )
  })
})

describe('parse', () => {
  it('tells the environment', () => {
    const text = '*** Begin Patch\n *** Environment ID: box \n*** Delete File: a\n*** End Patch'
    expect(parse(text)).toMatchObject({ ok: true, patch: { environment: 'box' } })
  })

  it('tells the line that is wrong', () => {
    expect(parse('\n\n*** Begin Patch\n*** Add File: a\n\n*** End Patch')).toMatchObject({
      ok: false,
      line: 3,
    })
  })

  it('never throws, nor does the loose reading', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        parse(text)
        parseLoosely(text)
      }),
      { numRuns: 2000 },
    )
  })

  it('reads loosely what it reads strictly, and the same', () => {
    fc.assert(
      fc.property(wrapped, (text) => {
        const strict = parse(text)
        if (strict.ok) expect(parseLoosely(text)).toEqual({ patch: strict.patch, notes: [] })
      }),
      { numRuns: 1000 },
    )
  })

  it.each([
    ['lines of an update', () => '@@\n-a\n+b\n'],
    ['white space', () => ' \t\u00a0\n'],
    ['carriage returns', () => '\r'],
    ['markers', () => '*** End Patch\n'],
  ])('takes time linear in a text of many %s', (_, piece) => {
    const time = (count: number) => {
      const text = `*** Begin Patch\n*** Update File: a\n${piece().repeat(count)}\n*** End Patch`
      // Of this process alone: what else runs on the machine does not count.
      const before = process.cpuUsage()
      parse(text)
      return process.cpuUsage(before).user / 1000
    }
    time(20_000)
    const [small, large] = [Math.min(time(20_000), time(20_000)), Math.min(time(200_000), time(200_000))]
    expect(large).toBeLessThan(40 * Math.max(small, 5))
  })
})

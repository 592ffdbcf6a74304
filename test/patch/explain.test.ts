import { describe, expect, it } from 'vitest'
import { explainMismatch } from '../../src/patch/explain.ts'
import { hunksOf, place } from '../support/patch-hunks.ts'

function explain(text: string, ...lines: string[]): string[] {
  const hunks = hunksOf(...lines)
  const placed = place(text, hunks)
  if (placed.ok) throw new Error('It has a place')
  return explainMismatch({ mismatch: placed.mismatch, seeker: placed.seeker, hunkCount: hunks.length })
}

const NUMBERED = Array.from({ length: 20 }, (_, at) => `line ${at + 1}\n`).join('')

describe('explainMismatch', () => {
  it('shows the best place, how much of it agrees, and the first line that differs', () => {
    expect(explain(NUMBERED, '@@', ' line 5', '-line six', '+x', ' line 7')).toEqual([
      'Hunk 1 of 1 (line 3 of the patch): its lines are not in the file',
      'Best place: lines 5-7, where 2 of 3 lines agree; the first that differs is line 6:',
      '  expected: "line six"',
      '  found:    "line 6"',
      'Next: read lines 2-10 again, and send this section with the lines as they are',
    ])
  })

  it('says where a block goes on behind the end of the file', () => {
    expect(explain('a\nb\n', '@@', ' b', '-c').slice(1, 4)).toEqual([
      'Best place: line 2, where 1 of 2 lines agree; the first that differs is line 3:',
      '  expected: "c"',
      '  found:    no line, the file ends',
    ])
  })

  it.each([
    ['white space', 'if (a  == b)', 'if (a == b)'],
    ['the case of letters', 'Return Value', 'return value'],
    ['escapes (such as \\n, \\" or &lt;)', 'a &lt; \\"b\\"', 'a < "b"'],
    ['punctuation (such as quotes, dashes or …)', 'wait...', 'wait…'],
    ['a line number in front', '12: code()', 'code()'],
  ])('says that all that differs is %s', (kind, expected, found) => {
    expect(explain(`head\n${found}\ntail\n`, '@@', ' head', `-${expected}`, ' tail')).toContain(
      `All that differs there is ${kind}`,
    )
  })

  it('says that the lines were found earlier', () => {
    expect(explain('a\nb\nc\n', '@@', '-c', '@@', '-a').slice(0, 3)).toEqual([
      'Hunk 2 of 2 (line 5 of the patch): its lines are not in the file below line 3',
      'They were found earlier at line 1: hunks must be in file order',
      'Next: send the hunks in the order of the file',
    ])
  })

  it('says that hunks share lines', () => {
    expect(explain('a\nb\nc\n', '@@', '-a', ' b', '@@', ' b', '-c')).toContain(
      'Next: make one hunk of this one and hunk 1',
    )
  })

  it('says that the lines stand above their @@ line', () => {
    expect(explain('a\nb\n', '@@ b', '-a')).toContain(
      'Next: leave its @@ line out, or take one that stands above its lines',
    )
  })

  it('says that the lines are not the end of the file', () => {
    expect(explain('a\nb\n', '@@', '-a', '*** End of File')).toContain(
      'They stand at line 1, but "*** End of File" asks for the last of its 2 lines',
    )
  })

  it('says that the new text is there already', () => {
    expect(explain('a\nB\nc\n', '@@', ' a', '-b', '+B', ' c')).toContain(
      'The new text is already there at line 2: this change may have been made before'.replace(
        'line 2',
        'line 1',
      ),
    )
  })

  it('lists places that are as good', () => {
    const text = 'f(1)\nx\nend\n'.repeat(7)
    expect(explain(text, '@@', ' f(1)', '-y', ' end')).toEqual([
      'Hunk 1 of 1 (line 3 of the patch): its lines are not in the file',
      'Best place: lines 1-3, where 2 of 3 lines agree; the first that differs is line 2:',
      '  expected: "y"',
      '  found:    "x"',
      'As good:',
      '  L4: "f(1)"',
      '  L7: "f(1)"',
      '  L10: "f(1)"',
      '  L13: "f(1)"',
      'Next: read lines 1-6 again, and send this section with the lines as they are',
    ])
  })

  it('shows the line that is most like one, when none is as it should be', () => {
    expect(
      explain('alpha\nreturn compute(total)\n', '@@', '-return compute(totals)', '-}').slice(1, 4),
    ).toEqual([
      'None of them stands there as it is; the line most like one of them is line 2:',
      '  expected: "return compute(totals)"',
      '  found:    "return compute(total)"',
    ])
  })

  it('says that there is nothing like it', () => {
    expect(explain('', '@@', '-a')).toContain('Nothing like them stands in the file')
  })

  it.each([
    [
      'numbers',
      '@@ -1,3 +1,4 @@',
      ['Next: write "@@" alone, or "@@ " and a whole line of the file: line numbers are not understood'],
    ],
    [
      'a part of a line',
      '@@ def f',
      [
        'It is only a part of a line, and must be a whole one:',
        '  L1: "def f(x):"',
        'Next: write the whole line behind "@@ "',
      ],
    ],
    [
      'a line like another',
      '@@ def f(y):',
      [
        'The line that is most like it:',
        '  L1: "def f(x):"',
        'Next: write a line as it stands in the file behind "@@ ", or "@@" alone',
      ],
    ],
    [
      'nothing of the file',
      '@@ zzz',
      ['Next: write a line as it stands in the file behind "@@ ", or "@@" alone'],
    ],
  ])('helps with an @@ line that holds %s', (_, anchor, lines) => {
    expect(explain('def f(x):\n  1\n', anchor, '-1').slice(1)).toEqual(lines)
  })

  it('says that an @@ line stands above the hunk before', () => {
    expect(explain('a\nb\nc\n', '@@', '-b', '@@ a', '-c')).toContain(
      'It was found earlier at line 1: hunks must be in file order',
    )
  })

  it('stays short whatever the patch and the file', () => {
    const long = 'x'.repeat(100_000)
    const block = Array.from({ length: 500 }, (_, at) => `-${long.slice(0, 1000)} ${at}`)
    const lines = explain(`${long}\n${NUMBERED}`.repeat(3), '@@', ' line 1', ...block)
    expect(lines.length).toBeLessThan(30)
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(400)
  })
})

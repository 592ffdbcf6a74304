import { describe, expect, it } from 'vitest'
import { parse } from '../../src/patch/parse.ts'
import { parseLoosely } from '../../src/patch/parse-loosely.ts'

const strictly = (text: string) => {
  const result = parse(text)
  if (!result.ok) throw new Error(result.problem)
  return result.patch
}
const section = '*** Update File: a\n@@\n x\n-y\n+z'
const patch = strictly(`*** Begin Patch\n${section}\n*** End Patch`)

describe('parseLoosely', () => {
  it.each([
    [
      'stars behind the markers',
      `*** Begin Patch ***\n${section}\n*** End Patch ***`,
      ['"*** Begin Patch ***" read as "*** Begin Patch"', '"*** End Patch ***" read as "*** End Patch"'],
    ],
    [
      'a code fence',
      `\`\`\`diff\n*** Begin Patch\n${section}\n*** End Patch\n\`\`\``,
      ['what stands between the markers read as the patch'],
    ],
    [
      'words around it',
      `Here it is:\r\n*** Begin Patch\r\n${section}\r\n*** End Patch\r\nDone.`,
      ['what stands between the markers read as the patch'],
    ],
    ['no end', `*** Begin Patch\n${section}\n`, ['the end of the text read as "*** End Patch"']],
    [
      'no end but that of a fence',
      `\`\`\`\n*** Begin Patch\n${section}\n\`\`\`\n`,
      ['the end of the text read as "*** End Patch"', 'what stands between the markers read as the patch'],
    ],
    [
      'a here-document of any tag',
      `apply_patch <<'PATCH'\n*** Begin Patch\n${section}\n*** End Patch\nPATCH`,
      ['what stands between the markers read as the patch'],
    ],
  ])('reads a patch with %s', (_, text, notes) => {
    expect(parse(text).ok).toBe(false)
    expect(parseLoosely(text)).toMatchObject({ patch: { ops: [{ path: 'a' }] }, notes })
    if (!text.includes('\r')) expect(parseLoosely(text)?.patch.ops.length).toBe(patch.ops.length)
  })

  it('takes unprefixed lines of a hunk as context, which must fit in one place only', () => {
    const reading = parseLoosely('*** Begin Patch\n*** Update File: a\n@@\nfoo\n-y\n*** End Patch')
    expect(reading?.notes).toEqual(['lines of a hunk without a prefix read as context'])
    expect(reading?.patch.ops).toMatchObject([
      {
        hunks: [
          {
            unique: true,
            lines: [
              { kind: 'context', text: 'foo' },
              { kind: 'remove', text: 'y' },
            ],
          },
        ],
      },
    ])
  })

  it('takes @@ lines in a row as places one within the other', () => {
    const reading = parseLoosely(
      '*** Begin Patch\n*** Update File: a\n@@ class A\n@@ def f\n-y\n*** End Patch',
    )
    expect(reading?.notes).toEqual(['several @@ lines in a row read as places one within the other'])
    expect(reading?.patch.ops).toMatchObject([{ hunks: [{ unique: true, anchors: ['class A', 'def f'] }] }])
  })

  it('takes empty lines between lines of a new file as lines of it', () => {
    const reading = parseLoosely('*** Begin Patch\n*** Add File: a\n+1\n\n \n+2\n*** End Patch')
    expect(reading?.notes).toEqual(['empty lines of an Add section read as empty lines of the file'])
    expect(reading?.patch.ops).toEqual([{ kind: 'add', path: 'a', content: '1\n\n\n2\n' }])
  })

  it.each([
    [
      'two patches',
      `*** Begin Patch ***\n${section}\n*** End Patch\n*** Begin Patch\n${section}\n*** End Patch`,
    ],
    ['two ends', `*** Begin Patch ***\n${section}\n*** End Patch\nx\n*** End Patch`],
    ['no beginning', `${section}\n*** End Patch`],
    ['an empty line at the end of a new file', '*** Begin Patch\n*** Add File: a\n+1\n\n*** End Patch'],
    ['other lines in a new file', '*** Begin Patch\n*** Add File: a\n+1\n2\n*** End Patch'],
    [
      'a marker that went wrong',
      '*** Begin Patch\n*** Update File: a\n@@\n-y\n*** End of file\n*** End Patch',
    ],
    [
      'a line that is no line',
      '*** Begin Patch\n*** Update File: a\n@@\n-y\n\\ No newline at end of file\n*** End Patch',
    ],
  ])('refuses what could be meant in two ways, or in none: %s', (_, text) => {
    expect(parseLoosely(text)).toBeUndefined()
  })
})

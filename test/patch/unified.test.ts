import { describe, expect, it } from 'vitest'
import { applyHunks } from '../../src/patch/rewrite.ts'
import { isUnifiedDiff, parseUnified } from '../../src/patch/unified.ts'

const opsOf = (...lines: string[]) => parseUnified(`${lines.join('\n')}\n`).ops

describe('parseUnified', () => {
  it('reads hunks with the lines they name', () => {
    const ops = opsOf('--- a/src/x.c', '+++ b/src/x.c', '@@ -3,3 +3,3 @@ int main()', ' a', '-b', '+B', '')
    expect(ops).toMatchObject([
      {
        kind: 'update',
        path: 'src/x.c',
        finalLineEnd: 'keep',
        hunks: [
          {
            near: 2,
            line: 3,
            anchors: [],
            lines: [{ text: 'a' }, { kind: 'remove', text: 'b' }, { kind: 'add', text: 'B' }],
          },
        ],
      },
    ])
  })

  it('reads new, deleted and renamed files', () => {
    const ops = opsOf(
      ...['--- x', '+++ x', '@@ -1 +1 @@', '-1', '+2', '\\ No newline at end of file'],
      ...[
        'diff --git a/new b/new',
        'new file mode 100644',
        '--- /dev/null',
        '+++ b/new',
        '@@ -0,0 +1,2 @@',
        '+1',
        '+2',
      ],
      ...[
        'diff --git a/gone b/gone',
        'deleted file mode 100644',
        '--- a/gone',
        '+++ /dev/null',
        '@@ -1 +0,0 @@',
        '-1',
      ],
      ...['diff --git a/old b/other', 'similarity index 100%', 'rename from old', 'rename to other'],
    )
    expect(ops).toMatchObject([
      { kind: 'update', path: 'x', finalLineEnd: 'drop' },
      { kind: 'add', path: 'new', content: '1\n2\n' },
      { kind: 'delete', path: 'gone' },
      { kind: 'update', path: 'old', newPath: 'other', hunks: [] },
    ])
  })

  it('counts the lines of hunks itself', () => {
    const [op] = opsOf(
      '--- a/x',
      '+++ b/x',
      '@@ -1,9 +1,2 @@',
      ' a',
      '',
      '-b',
      '+B',
      '+C',
      '',
      '@@ -9,1 +9,1 @@',
      '-z',
      '+Z',
    )
    const hunks = op?.kind === 'update' ? op.hunks : []
    expect(applyHunks('a\n\nb\nz\n', hunks)).toBe('a\n\nB\nC\nZ\n')
  })

  it('takes the place nearest to the line that a hunk names', () => {
    const [op] = opsOf('--- a/x', '+++ b/x', '@@ -5,1 +5,1 @@', '-y', '+Y')
    const hunks = op?.kind === 'update' ? op.hunks : []
    expect(applyHunks('y\n2\n3\n4\n5\ny\n7\n8\ny\n', hunks)).toBe('y\n2\n3\n4\n5\nY\n7\n8\ny\n')
  })

  it('puts lines where a hunk without context says', () => {
    const [op] = opsOf('--- a/x', '+++ b/x', '@@ -1,0 +2 @@', '+new')
    const hunks = op?.kind === 'update' ? op.hunks : []
    expect(applyHunks('1\n2\n', hunks)).toBe('1\nnew\n2\n')
  })

  it('puts lines at the end when the line is behind it, and never twice', () => {
    const [op] = opsOf('--- a/x', '+++ b/x', '@@ -90,0 +91 @@', '+new', '@@ -95 +96 @@', '-2', '+two')
    const hunks = op?.kind === 'update' ? op.hunks : []
    expect(() => applyHunks('1\n2\n', hunks)).toThrow('Failed to find expected lines')
    expect(applyHunks('1\n2\n', hunks.slice(0, 1))).toBe('1\n2\nnew\n')
  })

  it('takes what models wrap around it', () => {
    const ops = opsOf(
      '```diff',
      '*** Begin Patch',
      '--- a/x',
      '+++ b/x',
      '@@ -1 +1 @@',
      '-1',
      '+2',
      '*** End Patch',
      '```',
    )
    expect(ops).toMatchObject([{ path: 'x', hunks: [{ line: 5 }] }])
  })

  it.each([
    ['a copy', ['diff --git a/x b/y', 'copy from x', 'copy to y'], '"y" is copied'],
    ['a binary file', ['diff --git a/x b/x', 'Binary files a/x and b/x differ'], '"x" is binary'],
    [
      'a change of mode only',
      ['diff --git a/x b/x', 'old mode 100644', 'new mode 100755'],
      '"x" has no change of its text',
    ],
    [
      'a hunk that is none',
      ['--- a/x', '+++ b/x', '@@ -1 +1 @@', '-1', '*2', '+3'],
      'Invalid unified diff: ',
    ],
  ])('refuses %s', (_, lines, words) => {
    expect(() => opsOf(...lines)).toThrow(words)
  })

  it('takes time linear in many empty lines', () => {
    const startedAt = performance.now()
    const diff = `--- a/x\n+++ b/x\n@@ -1 +1 @@\n-1\n+2\n${'\n'.repeat(200_000)} z\n`
    expect(parseUnified(diff).ops).toMatchObject([{ path: 'x' }])
    expect(performance.now() - startedAt).toBeLessThan(5000)
  })
})

describe('isUnifiedDiff', () => {
  it.each([
    ['--- a\n+++ b\n@@ -1 +1 @@\n', true],
    ['Here:\r\n--- a/x\r\n+++ b/x\r\n@@ -1,2 +1,2 @@\r\n', true],
    ['diff --git a/x b/y\nrename from x\n', true],
    ['*** Begin Patch\n*** Update File: a\n@@\n--- a\n+++ b\n*** End Patch', false],
    ['--- a\ntext', false],
  ])('%j: %s', (text, is) => {
    expect(isUnifiedDiff(text)).toBe(is)
  })
})

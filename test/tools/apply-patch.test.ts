import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, symlinkSync, truncateSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { applyPatchTool } from '../../src/tools/apply-patch.ts'
import { deferred } from '../../src/util/deferred.ts'
import { BridgeError } from '../../src/util/errors.ts'
import { asNobody } from '../support/patch-case.ts'
import { patchMachine, STOCK, update } from '../support/patch-machine.ts'

describe('apply_patch', () => {
  it('answers with a line for each section, in the order of the patch, and a diff', async () => {
    await using my = await patchMachine()
    my.put('a', 'one\ntwo\nthree\n')
    my.put('b', 'x\n')
    my.put('gone', 'bye\n')
    const sections = [
      update('b', '-x', '+y').replace('@@', '*** Move to: d/c\n@@'),
      '*** Add File: new/er/n\n+hi',
      update('a', ' one', '-two', '+2'),
      '*** Delete File: gone',
    ]
    const { text, isError } = await my.apply(sections.join('\n'))
    expect(isError).toBe(false)
    expect(text).toBe(`4 of 4 sections applied
M b → d/c: ok
A new/er/n: ok
M a: ok
D gone: ok

--- b
+++ d/c
@@ -1,1 +1,1 @@
-x
+y
--- /dev/null
+++ new/er/n
@@ -0,0 +1,1 @@
+hi
--- a
+++ a
@@ -1,3 +1,3 @@
 one
-two
+2
 three
--- gone
+++ /dev/null
@@ -1,1 +0,0 @@
-bye`)
    expect([my.text('d/c'), my.text('new/er/n'), my.text('a')]).toEqual(['y\n', 'hi\n', 'one\n2\nthree\n'])
    expect(readdirSync(my.path('.')).sort()).toEqual(['a', 'd', 'new'])
  })

  it('goes on after a section that fails, and says how to repair it', async () => {
    await using my = await patchMachine()
    my.put('a', 'one\ntwo\n')
    my.put('b', 'x\n')
    const { text, isError } = await my.apply(
      [update('a', ' one', '-too'), update('b', '-x', '+y')].join('\n'),
    )
    expect(isError).toBe(true)
    expect(text).toContain(`1 of 2 sections applied
M a: error: Failed to find expected lines in ${my.path('a')}:
M b: ok

Failed to find expected lines in ${my.path('a')}:
Hunk 1 of 1 (line 3 of the patch): its lines are not in the file
Best place: lines 1-2, where 1 of 2 lines agree; the first that differs is line 2:
  expected: "too"
  found:    "two"
Next: `)
    expect([my.text('a'), my.text('b')]).toEqual(['one\ntwo\n', 'y\n'])
  })

  it('writes nothing in a dry run', async () => {
    await using my = await patchMachine()
    my.put('a', 'one\n')
    const { text, isError } = await my.apply(
      [
        update('a', '-one', '+1'),
        update('a', '-1', '+2'),
        '*** Add File: d/n\n+x',
        '*** Delete File: d/n',
      ].join('\n'),
      { dry_run: 'true' },
    )
    expect(isError).toBe(false)
    expect(text).toContain(
      '4 of 4 sections would be applied; nothing was written (dry_run)\nM a: ok\nM a: ok\nA d/n: ok',
    )
    expect(text).toContain('-1\n+2')
    expect(my.executor.log).toEqual(['read a'])
    expect(readdirSync(my.path('.'))).toEqual(['a'])
  })

  describe('with atomic', () => {
    it('writes nothing unless everything fits', async () => {
      await using my = await patchMachine()
      my.put('a', 'one\n')
      const sections = [
        update('a', '-one', '+1'),
        update('a', '-1', '+2'),
        '*** Delete File: none',
        '*** Add File: n',
      ]
      const { text, isError } = await my.apply(sections.join('\n'), { atomic: true })
      expect(isError).toBe(true)
      expect(text).toBe(`0 of 4 sections applied: nothing was written, because 1 failed (atomic)
M a: not applied
M a: not applied
D none: error: Failed to delete file ${my.path('none')}: No such file or directory (os error 2)
A n: not applied`)
      expect(my.executor.log).toEqual(['read a'])
    })

    it('writes all when everything fits, reading each file once', async () => {
      await using my = await patchMachine()
      my.put('a', 'one\n')
      my.put('b', 'x\n')
      const sections = [update('a', '-one', '+1'), update('b', '-x', '+y'), update('a', '-1', '+2')]
      expect((await my.apply(sections.join('\n'), { atomic: true })).text).toContain(
        '3 of 3 sections applied\n',
      )
      expect([my.text('a'), my.text('b')]).toEqual(['2\n', 'y\n'])
      expect(my.executor.log.filter((step) => step.startsWith('read')).sort()).toEqual(['read a', 'read b'])
    })

    it('says what was written when a write fails after all', async () => {
      await using my = await patchMachine(STOCK)
      my.put('a', 'one\n')
      my.put('b', 'x\n')
      my.executor.fail = (step) =>
        step === 'write b' ? { error: new BridgeError('denied', 'no'), isDone: false } : undefined
      const sections = [update('a', '-one', '+1'), update('b', '-x', '+y'), update('b', '-y', '+z')]
      const { text, isError } = await my.apply(sections.join('\n'), { atomic: true })
      expect(isError).toBe(true)
      expect(
        text,
      ).toContain(`1 of 3 sections applied: a write failed half-way, what is marked ok was written (atomic)
M a: ok
M b: error: Failed to write file ${my.path('b')}: no
M b: not applied`)
    })
  })

  it('applies sections that meet in order, each on the result of the one before, also through links', async () => {
    await using my = await patchMachine()
    my.put('a', '1\n')
    symlinkSync('a', my.path('link'))
    const sections = [
      update('a', '-1', '+2'),
      update('link', '-2', '+3'),
      '*** Update File: a\n*** Move to: b',
      update('b', '-3', '+4'),
      '*** Delete File: b',
      '*** Add File: b/c\n+5',
      update('./b/c', '-5', '+6'),
    ]
    const { text, isError } = await my.apply(sections.join('\n'))
    expect(isError, text).toBe(false)
    expect(my.text('b/c')).toBe('6\n')
  })

  it('works on eight files at the same time, and no more', async () => {
    await using my = await patchMachine()
    const names = Array.from({ length: 20 }, (_, at) => `f${at}`)
    for (const name of names) my.put(name, '1\n')
    let atOnce = 0
    let most = 0
    const eight = deferred<void>()
    my.executor.gate = async () => {
      most = Math.max(most, ++atOnce)
      if (atOnce === 8) eight.resolve()
      await eight.promise
      await new Promise(setImmediate)
      atOnce--
    }
    await my.apply(names.map((name) => update(name, '-1', '+2')).join('\n'))
    expect(names.map(my.text)).toEqual(names.map(() => '2\n'))
    expect(most).toBe(8)
  })

  it('chooses the environment that the patch names', async () => {
    await using other = await patchMachine()
    await using my = await patchMachine({}, { gpu: other.executor })
    const sections = '*** Environment ID: gpu\n*** Add File: n\n+1'
    expect((await my.apply(sections)).text).toContain('1 of 1 section applied on "gpu"\nA n: ok')
    expect(other.text('n')).toBe('1\n')
    expect((await my.apply(sections, { environment_id: 'box' })).text).toBe(
      '[invalid_input] environment_id is "box", but the patch is for "gpu": name one of them',
    )
    expect((await my.apply(sections.replace('gpu', 'tpu'))).text).toContain(
      '[not_found] No environment "tpu"',
    )
  })

  it('takes a unified diff', async () => {
    await using my = await patchMachine()
    my.put('x', 'a\nb\na\nb\n')
    const patch = '--- a/x\n+++ b/x\n@@ -3,2 +3,2 @@\n a\n-b\n+B\n'
    expect((await my.call({ input: patch })).text).toContain(
      '1 of 1 section applied\na unified diff read as a patch\nM x: ok',
    )
    expect(my.text('x')).toBe('a\nb\na\nB\n')
  })

  it('reads loosely what can be meant in one way only, and says so', async () => {
    await using my = await patchMachine()
    my.put('x', 'class A\ndef f\n1\nclass B\ndef f\n1\n')
    const loose = (...lines: string[]) =>
      ['```', '*** Begin Patch ***', '*** Update File: x', ...lines, '*** End Patch', '```'].join('\n')
    const { text } = await my.call({ patch: loose('@@ class B', '@@ def f', '-1', '+2') })
    expect(text).toContain('"*** Begin Patch ***" read as "*** Begin Patch"')
    expect(text).toContain('several @@ lines in a row read as places one within the other')
    expect(my.text('x')).toBe('class A\ndef f\n1\nclass B\ndef f\n2\n')
    const refused = await my.call({ patch: loose('@@', 'def f', '+x') })
    expect(refused.text).toContain(
      'is not quite in the format, and its lines stand in more than one place:\n  L2: "def f"\n  L5: "def f"',
    )
  })

  it('says where else a hunk would have fitted', async () => {
    await using my = await patchMachine()
    my.put('x', '1\n2\n1\n')
    expect((await my.apply(update('x', '-1', '+9'))).text).toContain(
      'Note on x:\nHunk 1 was taken for line 1, the first place of several; it fits as well at:\n  L3: "1"',
    )
  })

  it.each([
    ['no patch', {}, '[invalid_input] patch is missing, such as\n{"patch":"*** Begin Patch'],
    ['a patch that is no text', { patch: ['x'] }, '[invalid_input] patch must be a text'],
    [
      'a patch that is too large',
      { patch: 'x'.repeat(17 * 1024 * 1024) },
      '[invalid_input] The patch has 17825792 bytes',
    ],
    [
      'no format',
      { patch: 'x' },
      "Invalid patch: The first line of the patch must be '*** Begin Patch'\nNext: ",
    ],
    [
      'a bad line',
      { patch: '*** Begin Patch\n*** Add File: a\n1\n*** End Patch' },
      "Invalid patch hunk on line 3: '1' is not a valid hunk header.",
    ],
    ['no section', { patch: '*** Begin Patch\n*** End Patch' }, 'No files were modified.'],
    [
      'a diff that cannot be',
      { patch: 'diff --git a/x b/x\nold mode 1\nnew mode 2\n' },
      'Invalid unified diff: "x" has no change',
    ],
  ])('refuses %s', async (_, args, words) => {
    await using my = await patchMachine()
    const { text, isError } = await my.call(args)
    expect(isError).toBe(true)
    expect(text.slice(0, words.length)).toBe(words)
  })

  it.each([
    ['a missing file', 'none', 'No such file or directory (os error 2)'],
    ['a directory', 'd', 'is not a file'],
    ['what lies below a file', 'f/x', /not a directory|no such file/i],
    ['a device', '/dev/null', 'path `/dev/null` is not a file'],
    ['bytes that are not UTF-8', 'latin', 'invalid utf-8 sequence of 1 bytes from index 1'],
    ['a path with NUL', 'a\0b', 'NUL'],
  ])('says in one line why it cannot update %s', async (_, name, words) => {
    await using my = await patchMachine()
    mkdirSync(my.path('d'))
    my.put('f', 'x\n')
    my.put('latin', Buffer.from([0x61, 0xe9, 0x0a]))
    const { text } = await my.apply(update(name, '-x'))
    const [first, line] = text.split('\n')
    expect(first).toBe('0 of 1 section applied')
    expect(line).toMatch(words)
  })

  it('touches no device and no pipe, which may hold up the machine', async () => {
    await using my = await patchMachine()
    execFileSync('mkfifo', [my.path('pipe')])
    my.put('a', '1\n')
    const sections = [
      '*** Add File: pipe\n+1',
      '*** Delete File: pipe',
      '*** Update File: a\n*** Move to: pipe',
    ]
    for (const mode of [{}, { dry_run: true }]) {
      const { text } = await my.apply(sections.join('\n'), mode)
      const isNoFile = `: path \`${my.path('pipe')}\` is not a file`
      expect(text.split('\n').slice(1)).toEqual([
        `A pipe: error: Failed to write file ${my.path('pipe')}${isNoFile}`,
        `D pipe: error: Failed to delete file ${my.path('pipe')}${isNoFile}`,
        `M a → pipe: error: Failed to write file ${my.path('pipe')}${isNoFile}`,
      ])
    }
    expect(readdirSync(my.path('.')).sort()).toEqual(['a', 'pipe'])
  })

  it('says what may not be read or written', async () => {
    await using my = await patchMachine()
    my.put('secret', 'x\n', 0o000)
    my.put('fixed', 'x\n', 0o444)
    using _ = asNobody(my.path('.'))
    const { text } = await my.apply([update('secret', '-x'), update('fixed', '-x')].join('\n'))
    expect(text).toBe(`0 of 2 sections applied
M secret: error: Failed to read file to update ${my.path('secret')}: permission denied
M fixed: error: Failed to write file ${my.path('fixed')}: permission denied`)
  })

  it('refuses a file of more than 512 MiB before it is read', async () => {
    await using my = await patchMachine()
    my.put('a', '')
    truncateSync(my.path('a'), 512 * 1024 * 1024 + 1)
    expect((await my.apply(update('a', '-x'))).text).toContain(
      'file is too large to read: limit is 536870912 bytes',
    )
    expect(my.executor.log).toEqual([])
  })

  it('says which file is too large for this executor, before it is read', async () => {
    await using my = await patchMachine({ features: { maxWriteFileBytes: 10 } })
    my.put('a', '0123456789\n')
    expect((await my.apply(update('a', '-x'))).text).toContain(
      'the file has 11 bytes, and this executor takes at most 10 in one write',
    )
    expect((await my.apply('*** Add File: b\n+0123456789')).text).toContain('takes at most 10')
    expect(my.executor.log).toEqual([])
  })

  it('cuts a diff, and says so', async () => {
    await using my = await patchMachine()
    const { text } = await my.apply(`*** Add File: n\n${'+x\n'.repeat(300)}`.trimEnd())
    expect(text.split('\n').slice(-2)).toEqual(['+x', '[… 103 more lines of this diff are left out …]'])
  })

  it('keeps a long answer short when many sections fail', async () => {
    await using my = await patchMachine()
    my.put('a', 'line\n'.repeat(5000))
    const sections = Array.from({ length: 300 }, (_, at) => update('a', ` line`, `-absent ${at}`))
    const { text } = await my.apply(sections.join('\n'))
    expect(text.split('\n').length).toBeLessThan(300 + 1 + 160)
    expect(my.executor.log).toEqual(['read a'])
  })

  it('has a schema that clients do not cut, and teaches the format', () => {
    expect(JSON.stringify(applyPatchTool.info.inputSchema).length).toBeLessThanOrEqual(3500)
    for (const words of [
      '*** Begin Patch',
      '*** Update File: ',
      '@@',
      '*** Add File: ',
      '*** Delete File: ',
      '*** Move to: ',
    ])
      expect(applyPatchTool.info.description).toContain(words)
  })
})

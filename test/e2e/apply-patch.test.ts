import { execFile, spawnSync } from 'node:child_process'
import { linkSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runProgram } from '../support/program.ts'
import { tempDirectory } from '../support/temp-directory.ts'

const PATCH = '*** Begin Patch\n*** Add File: a\n+1\n*** End Patch'
const USAGE = "Usage: apply_patch 'PATCH'\n       echo 'PATCH' | apply_patch\n"
const DONE = 'Success. Updated the following files:\nA a\n'

async function directoryWith(files: Readonly<Record<string, string>> = {}) {
  const directory = await tempDirectory()
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory.path, name), text)
  const apply = (args: readonly string[], input = '') =>
    runProgram(['apply-patch', ...args], { cwd: directory.path, input })
  return {
    path: directory.path,
    apply,
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  }
}

describe('env-mcp apply-patch', () => {
  it.each([
    ['the one argument', [PATCH], 'ignored', { code: 0, stdout: DONE, stderr: '' }],
    ['standard input', [], PATCH, { code: 0, stdout: DONE, stderr: '' }],
    ['an option of ours and an argument', ['--explain', PATCH], '', { code: 0, stdout: DONE, stderr: '' }],
    [
      'both options and standard input',
      ['--lenient', '--explain'],
      PATCH,
      { code: 0, stdout: DONE, stderr: '' },
    ],
    ['nothing', [], '', { code: 2, stdout: '', stderr: USAGE }],
    [
      'two arguments',
      [PATCH, ''],
      '',
      { code: 2, stdout: '', stderr: 'Error: apply_patch accepts exactly one argument.\n' },
    ],
    [
      'an option behind the patch',
      [PATCH, '--explain'],
      '',
      { code: 2, stdout: '', stderr: 'Error: apply_patch accepts exactly one argument.\n' },
    ],
    [
      'a flag of others',
      ['--help'],
      '',
      {
        code: 1,
        stdout: '',
        stderr: "Invalid patch: The first line of the patch must be '*** Begin Patch'\n",
      },
    ],
    [
      'an empty argument',
      [''],
      PATCH,
      { code: 1, stdout: '', stderr: "Invalid patch: The last line of the patch must be '*** End Patch'\n" },
    ],
  ])('takes %s', async (_, args, input, ending) => {
    await using my = await directoryWith()
    expect(await my.apply(args, input)).toEqual(ending)
  })

  it('refuses bytes that are not UTF-8, in an argument and on standard input', async () => {
    await using my = await directoryWith()
    const script = `exec "${process.execPath}" "${process.cwd()}/dist/bin.js" apply-patch`
    const run = (rest: string) =>
      spawnSync('bash', ['-c', `${script} ${rest}`], { cwd: my.path, encoding: 'utf8' })
    const bad = "$'*** Begin Patch\\n*** Add File: a\\n+\\xe9\\n*** End Patch'"
    expect(run(bad)).toMatchObject({
      status: 1,
      stdout: '',
      stderr: 'Error: apply_patch requires a UTF-8 PATCH argument.\n',
    })
    expect(run(`<<< ${bad}`)).toMatchObject({
      status: 1,
      stdout: '',
      stderr: 'Error: Failed to read PATCH from stdin.\nstream did not contain valid UTF-8\n',
    })
    expect(run("$'*** Begin Patch\\n*** Add File: a\\n+\\ufffd\\n*** End Patch'").status).toBe(0)
    expect(readFileSync(join(my.path, 'a'), 'utf8')).toBe('\ufffd\n')
  })

  it('refuses a patch that is too large in one line', async () => {
    await using my = await directoryWith()
    const { code, stderr } = await my.apply([], 'x'.repeat(17 * 1024 * 1024))
    expect(code).toBe(1)
    expect(stderr).toMatch(/^Error: The patch has \d+ bytes or more: at most 16777216 are taken\n$/)
  })

  it('says more with --explain, behind the first line of codex', async () => {
    await using my = await directoryWith({ a: 'one\ntwo\n', b: 'x\n' })
    const patch = '*** Begin Patch\n*** Delete File: b\n*** Update File: a\n@@\n one\n-too\n*** End Patch'
    const plain = await my.apply([patch.replace('*** Delete File: b\n', '')])
    expect(plain).toEqual({
      code: 1,
      stdout: '',
      stderr: `Failed to find expected lines in ${my.path}/a:\none\ntoo\n`,
    })
    const { code, stdout, stderr } = await my.apply(['--explain', patch])
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toBe(`Failed to find expected lines in ${my.path}/a:
Hunk 1 of 1 (line 4 of the patch): its lines are not in the file
Best place: lines 1-2, where 1 of 2 lines agree; the first that differs is line 2:
  expected: "too"
  found:    "two"
Next: read lines 1-2 again, and send this section with the lines as they are
Applied before it: D b
`)
  })

  it('says with --explain where else a hunk would have fitted, and what is wrong with the format', async () => {
    await using my = await directoryWith({ a: 'x\nx\n' })
    const { code, stderr } = await my.apply([
      '--explain',
      '*** Begin Patch\n*** Update File: a\n@@\n-x\n*** End Patch',
    ])
    expect(code).toBe(0)
    expect(stderr).toContain('it fits as well at:\n  L2: "x"\n')
    const wrong = await my.apply(['--explain', '*** Begin Patch\n*** Add File: b\n1\n*** End Patch'])
    expect(wrong.stderr).toContain("Invalid patch hunk on line 3: '1' is not a valid hunk header.")
    expect(wrong.stderr).toContain('Line 3 of the patch is "1"\nNext: ')
  })

  it('reads loosely with --lenient alone, and says so', async () => {
    await using my = await directoryWith()
    const patch = '```\n*** Begin Patch ***\n*** Add File: a\n+1\n```'
    expect(await my.apply([patch])).toMatchObject({ code: 1, stdout: '' })
    expect(await my.apply(['--lenient', patch])).toEqual({
      code: 0,
      stdout: DONE,
      stderr:
        '"*** Begin Patch ***" read as "*** Begin Patch"\nthe end of the text read as "*** End Patch"\nwhat stands between the markers read as the patch\n',
    })
  })

  it('shows paths below the working directory without links', async () => {
    await using my = await directoryWith()
    mkdirSync(join(my.path, 'real'))
    symlinkSync('real', join(my.path, 'link'))
    const patch = '*** Begin Patch\n*** Delete File: x\n*** End Patch'
    const { stderr } = await runProgram(['apply-patch', patch], { cwd: join(my.path, 'link') })
    expect(stderr).toBe(`Failed to delete file ${my.path}/real/x\n`)
  })

  it('leaves files as they were when there is no room for new ones', async () => {
    await using my = await directoryWith({ plain: 'old\n', twice: 'old\n' })
    linkSync(join(my.path, 'twice'), join(my.path, 'again'))
    const lines = '+0123456789abcdef\n'.repeat(1000)
    const sections = ['Update File: plain\n@@\n', 'Update File: twice\n@@\n', 'Add File: new\n']
    for (const section of sections) {
      const script = `ulimit -f 8; exec "${process.execPath}" "${process.cwd()}/dist/bin.js" apply-patch`
      const input = `*** Begin Patch\n*** ${section}${lines}*** End Patch`
      const { status, stderr } = spawnSync('bash', ['-c', script], { cwd: my.path, input, encoding: 'utf8' })
      expect([status, stderr]).toEqual([1, expect.stringContaining('Failed to write file')])
    }
    const texts = readdirSync(my.path).map((name) => [name, readFileSync(join(my.path, name), 'utf8')])
    expect(Object.fromEntries(texts)).toEqual({ again: 'old\n', plain: 'old\n', twice: 'old\n' })
  })

  it('starts without sockets, the log and the library for diffs', async () => {
    await using my = await directoryWith()
    const coverage = join(my.path, 'coverage')
    const env = { ...process.env, NODE_V8_COVERAGE: coverage }
    await new Promise((resolve) =>
      execFile(process.execPath, ['dist/bin.js', 'apply-patch', 'x'], { env }, resolve),
    )
    const scripts = readdirSync(coverage).flatMap((name) =>
      [...readFileSync(join(coverage, name), 'utf8').matchAll(/"url":"file:\/\/([^"]*)"/g)].map(
        ([, path]) => path!,
      ),
    )
    expect(scripts.some((path) => path.endsWith('/dist/bin.js'))).toBe(true)
    const code = scripts.map((path) => readFileSync(path, 'utf8')).join('\n')
    for (const words of ['permessage-deflate', 'pino.setLevel', 'structuredPatch'])
      expect([words, code.includes(words)]).toEqual([words, false])
  })
})

import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { describe, expect, it } from 'vitest'
import { BridgeError } from '../../../src/util/errors.ts'
import { openGate } from '../../support/gate.ts'
import { describeTree, makeTree } from '../../support/tree.ts'
import { OLD, TwoMachines, withoutPrograms, withShellLines } from '../../support/two-machines.ts'

const tree = { source_path: 'd', destination_path: 'e', recursive: true }

describe.each([
  ['between new executors', {}],
  ['between old executors', OLD],
])('copy_path of a directory %s', (_, executor) => {
  const machines = () => new TwoMachines({ a: executor, b: executor })

  it('keeps names, modes, links, empty directories and content, and says what it did', async () => {
    await using at = machines()
    makeTree(at.path('a/d'))
    const text = await at.copy(tree)
    expect(describeTree(at.path('b/e'))).toEqual(describeTree(at.path('a/d')))
    expect(text).toMatch(/^Copied 16 files, [\d,]+ bytes, in /)
    expect(text).toMatch(
      /\nsha256 of all names, links and contents: [0-9a-f]{64} \(the same at both ends\)\n/,
    )
    expect(text).toContain('The directory was built beside and renamed into place: it appeared at once.')
    expect(readdirSync(at.path('b'))).toEqual(['e'])
    expect([at.a.running, at.b.running]).toEqual([0, 0])
  })

  it('copies an empty directory', async () => {
    await using at = machines()
    mkdirSync(at.path('a/d'), { mode: 0o710 })
    const text = await at.copy(tree)
    expect(describeTree(at.path('b/e'))).toEqual(['./ 710'])
    expect(text).toMatch(/^Copied 0 files, 0 bytes/)
  })

  it('copies many megabytes in order', async () => {
    await using at = machines()
    mkdirSync(at.path('a/d'))
    const content = Buffer.alloc(12_345_678, 'what is here must be there ')
    writeFileSync(at.path('a/d/large'), content)
    await at.copy(tree)
    expect(readFileSync(at.path('b/e/large')).equals(content)).toBe(true)
  })
})

describe('copy_path of a directory onto one that is there', () => {
  it('puts new files in, replaces those of the same name, keeps the others, and says so', async () => {
    await using at = new TwoMachines()
    makeTree(at.path('a/d'))
    mkdirSync(at.path('a/d/only-there/not-there'), { recursive: true })
    mkdirSync(at.path('b/e/d/level-0/mine'), { recursive: true })
    mkdirSync(at.path('b/e/d/only-there'))
    writeFileSync(at.path('b/e/d/only-there/kept'), 'kept')
    writeFileSync(at.path('b/e/d/level-0/secret'), 'old')
    writeFileSync(at.path('b/e/d/plain'), 'old')
    symlinkSync('only-there', at.path('b/e/d/link-to-directory'))
    const text = await at.copy(tree)
    const merged = describeTree(at.path('b/e/d'))
    expect(merged).toEqual(expect.arrayContaining(describeTree(at.path('a/d'))))
    expect(merged.filter((line) => /kept|mine/.test(line)).map((line) => line.split(' ')[0])).toEqual([
      './level-0/mine/',
      './only-there/kept',
    ])
    expect(readlinkSync(at.path('b/e/d/link-to-directory'))).toBe('level-0')
    expect(text).toContain('each file came into place at once, all of them one after another')
    expect(text).toMatch(/Replaced: 3 \(.*\.\/plain/)
    expect(readdirSync(at.path('b/e'))).toEqual(['d'])
  })

  it('goes into a directory that a link stands for', async () => {
    await using at = new TwoMachines()
    mkdirSync(at.path('a/d/data'), { recursive: true })
    writeFileSync(at.path('a/d/data/x'), 'x')
    mkdirSync(at.path('b/e/d'), { recursive: true })
    mkdirSync(at.path('b/real'))
    symlinkSync('../../real', at.path('b/e/d/data'))
    const text = await at.copy(tree)
    expect(readFileSync(at.path('b/real/x'), 'utf8')).toBe('x')
    expect(text).toContain('Nothing in it was replaced.')
  })

  it('merges more files than one command line takes at a time', async () => {
    await using at = new TwoMachines()
    mkdirSync(at.path('a/d'))
    mkdirSync(at.path('b/e/d'), { recursive: true })
    for (let n = 0; n < 250; n++) writeFileSync(at.path(`a/d/${n}`), String(n))
    writeFileSync(at.path('b/e/d/7'), 'old')
    await at.copy(tree)
    expect(describeTree(at.path('b/e/d'))).toEqual(describeTree(at.path('a/d')))
  })

  it('says how much of it was done when it is ended in the middle', async () => {
    const cancel = new AbortController()
    await using gate = await openGate()
    const holdSecond = `mv() { [ -z "$moved" ] || read -r _ < "${gate.path}"; moved=1; command mv "$@"; }`
    await using at = new TwoMachines({ b: withShellLines(holdSecond) })
    mkdirSync(at.path('a/d/new'), { recursive: true })
    mkdirSync(at.path('b/e/d'), { recursive: true })
    for (let n = 0; n < 250; n++) writeFileSync(at.path(`a/d/${n}`), String(n))
    const copy = at.copy(tree, { signal: cancel.signal })
    await gate.reached
    cancel.abort(new BridgeError('canceled', 'The client canceled the call'))
    const message = expect.stringMatching(
      /: The client canceled the call; 100 of 250 files are in place already, the others are not; what has arrived is kept in ".*\.partial", from which the same call goes on$/,
    )
    await expect(copy).rejects.toMatchObject({ code: 'canceled', message })
    expect(readdirSync(at.path('b/e/d'))).toHaveLength(100)
    expect(readdirSync(at.path('b/e'))).toHaveLength(2)
  })

  it('says how much of it was done when the machine forbids the rest', async () => {
    const failSecond =
      'mv() { [ -z "$moved" ] || { echo "mv: Permission denied" >&2; return 1; }; moved=1; command mv "$@"; }'
    await using at = new TwoMachines({ b: withShellLines(failSecond) })
    mkdirSync(at.path('a/d'))
    mkdirSync(at.path('b/e/d'), { recursive: true })
    for (let n = 0; n < 101; n++) writeFileSync(at.path(`a/d/${n}`), String(n))
    const message = expect.stringMatching(
      /: cannot put it in place: mv: Permission denied; 100 of 101 files are in place already, the others are not; /,
    )
    await expect(at.copy(tree)).rejects.toMatchObject({ code: 'denied', message })
  })

  it.each([
    ['goes into it', 'replace', /each file came into place at once/],
    [
      'touches nothing in it',
      'skip',
      /\[conflict\] .*a directory has come to be there meanwhile: call again/,
    ],
  ])('%s when it came to be there meanwhile, with overwrite "%s"', async (_, overwrite, said) => {
    const make = (path: string) => {
      mkdirSync(path)
      writeFileSync(`${path}/x`, 'theirs')
    }
    let isMade = false
    await using at: TwoMachines = new TwoMachines({
      b: {
        start: (request) => {
          if (!isMade && request.argv.some((arg) => arg.includes('classify='))) make(at.path('b/e'))
          isMade ||= request.argv.some((arg) => arg.includes('classify='))
          return request
        },
      },
    })
    mkdirSync(at.path('a/d'))
    for (const name of ['x', 'y']) writeFileSync(at.path(`a/d/${name}`), 'new')
    const text = await at.copy({ ...tree, overwrite }).catch((error: BridgeError) => error.text)
    expect(text).toMatch(said)
    expect(readFileSync(at.path('b/e/x'), 'utf8')).toBe(overwrite === 'replace' ? 'new' : 'theirs')
  })

  it('says that all of it was done when only what it was written to cannot be removed', async () => {
    const fail =
      'rm() { if [ -d "$2" ]; then echo "rm: Permission denied" >&2; return 1; fi; command rm "$@"; }'
    await using at = new TwoMachines({ b: withShellLines(fail) })
    mkdirSync(at.path('a/d'))
    mkdirSync(at.path('b/e/d'), { recursive: true })
    for (const name of ['x', 'y']) writeFileSync(at.path(`a/d/${name}`), 'new')
    const message = expect.stringMatching(
      /: cannot put it in place: rm: Permission denied; all 2 files are in place already(; |$)/,
    )
    await expect(at.copy(tree)).rejects.toMatchObject({ code: 'denied', message })
  })

  it.each([
    [
      'a directory meets a file',
      'd/x/y',
      'e/d/x',
      '"./x" is a directory in the source and not a directory there: remove it first, or exclude it',
    ],
    [
      'a file meets a directory',
      'd/x',
      'e/d/x/y',
      '"./x" is not a directory in the source and a directory there: remove it first, or exclude it',
    ],
  ])('touches nothing when %s', async (_, inSource, there, words) => {
    await using at = new TwoMachines()
    for (const path of [at.path(`a/${inSource}`), at.path(`b/${there}`)]) {
      mkdirSync(path.slice(0, path.lastIndexOf('/')), { recursive: true })
      writeFileSync(path, 'x')
    }
    writeFileSync(at.path('a/d/other'), 'x')
    const before = describeTree(at.path('b'))
    const message = expect.stringContaining(words)
    await expect(at.copy(tree)).rejects.toMatchObject({ code: 'conflict', message })
    expect(describeTree(at.path('b'))).toEqual(before)
  })
})

describe('copy_path of a directory with what cannot be copied', () => {
  it.each([
    ['between two machines', 'b'],
    ['within one machine', 'a'],
  ])('leaves special files out and names them, %s', async (_, machine) => {
    await using at = new TwoMachines()
    mkdirSync(at.path('a/d/in'), { recursive: true })
    writeFileSync(at.path('a/d/x'), 'x')
    execFileSync('mkfifo', [at.path('a/d/in/pipe')])
    const text = await at.copy({ ...tree, destination_environment_id: machine })
    expect(readdirSync(at.path(`${machine}/e`), { recursive: true })).toEqual(['in', 'x'])
    expect(text).toContain('Not copied, because they are neither files, directories nor links: ./in/pipe.')
    expect(existsSync(at.path('a/d/in/pipe'))).toBe(true)
  })

  it('drops setuid and setgid, for the copy has another owner', async () => {
    await using at = new TwoMachines()
    mkdirSync(at.path('a/d'))
    writeFileSync(at.path('a/d/x'), 'x')
    execFileSync('chmod', ['6755', at.path('a/d/x')])
    await at.copy(tree)
    await at.copy({ source_path: 'd/x', destination_path: 'x' })
    expect(describeTree(at.path('b')).filter((line) => line.includes('x '))).toEqual([
      expect.stringMatching(/^\.\/e\/x 755 /),
      expect.stringMatching(/^\.\/x 755 /),
    ])
  })

  it('does not pack the copy into itself where two names stand for one disk', async () => {
    await using at = new TwoMachines()
    makeTree(at.path('a/d'))
    const before = describeTree(at.path('a/d'))
    const copy = at.copy({ ...tree, destination_path: at.path('a/d/new/backup') })
    const message = expect.stringMatching(
      /: the destination lies inside the source, for both environments see one disk$/,
    )
    await expect(copy).rejects.toMatchObject({ code: 'invalid_input', message })
    expect(describeTree(at.path('a/d'))).toEqual(before)
  })

  it.each(['a', 'b'])('says that machine %s has no tar, before anything is read or written', async (name) => {
    await using at = new TwoMachines({ [name]: withoutPrograms('tar') })
    mkdirSync(at.path('a/d'))
    const message = expect.stringContaining(`"${name}" has no tar, which copying a directory needs`)
    await expect(at.copy(tree)).rejects.toMatchObject({ code: 'not_found', message })
    expect(existsSync(at.path('b/e'))).toBe(false)
    expect(at.a.commands.some((command) => command.includes('find'))).toBe(false)
  })

  it('says that it could not compare where a machine cannot compute sha256', async () => {
    await using at = new TwoMachines({ b: withoutPrograms('sha256sum', 'shasum') })
    makeTree(at.path('a/d'))
    const text = await at.copy(tree)
    expect(describeTree(at.path('b/e'))).toEqual(describeTree(at.path('a/d')))
    expect(text).toContain('Not compared by sha256: one of the machines has neither sha256sum nor shasum.')
  })
})

import { mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { describeTree } from '../../support/tree.ts'
import { OLD, TwoMachines } from '../../support/two-machines.ts'

const file = { source_path: 'f', destination_path: 'g' }
const tree = { source_path: 'd', destination_path: 'e', recursive: true }

/** A file and a directory at both ends: of what is in the directories `old` is newer at the source, `new` at the destination. */
function machines(changes = {}): TwoMachines {
  const at = new TwoMachines({ a: changes, b: changes })
  mkdirSync(at.path('a/d/in'), { recursive: true })
  mkdirSync(at.path('b/e/d/in'), { recursive: true })
  for (const name of ['a/f', 'a/d/old', 'a/d/in/new', 'a/d/only']) writeFileSync(at.path(name), 'source')
  for (const name of ['b/g', 'b/e/d/old', 'b/e/d/in/new', 'b/e/d/mine']) writeFileSync(at.path(name), 'there')
  for (const name of ['a/f', 'a/d/old', 'b/e/d/in/new']) utimesSync(at.path(name), 2e9, 2e9)
  return at
}

const contents = (at: TwoMachines) =>
  ['g', 'e/d/old', 'e/d/in/new', 'e/d/mine'].map((name) => readFileSync(at.path(`b/${name}`), 'utf8'))

describe.each([
  ['new', {}],
  ['old', OLD],
])('copy_path between %s executors', (_, changes) => {
  it('skips files that are there, when told so', async () => {
    await using at = machines(changes)
    expect(await at.copy({ ...file, overwrite: 'skip' })).toContain('Skipped: it is there already.')
    const text = await at.copy({ ...tree, overwrite: 'skip' })
    expect(text).toMatch(/^Copied 1 file, 6 bytes/)
    expect(text).toContain('Skipped, because they are there already: ./in/new, ./old.')
    expect(text).toContain('(the same at both ends)')
    expect(contents(at)).toEqual(['there', 'there', 'there', 'there'])
    expect(readFileSync(at.path('b/e/d/only'), 'utf8')).toBe('source')
  })

  it('replaces only what is older, when told so', async () => {
    await using at = machines(changes)
    await at.copy({ ...file, overwrite: 'newer' })
    const text = await at.copy({ ...tree, overwrite: 'newer' })
    expect(contents(at)).toEqual(['source', 'source', 'there', 'there'])
    expect(text).toContain('Skipped, because they are there already: ./in/new.')
    expect(await at.copy({ ...file, overwrite: 'newer' })).toContain(
      'Skipped: it is not older than the source.',
    )
  })

  it('refuses to replace anything, when told so', async () => {
    await using at = machines(changes)
    const before = describeTree(at.path('b'))
    await expect(at.copy({ ...file, overwrite: 'error' })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(
        /: it is there already: nothing was copied, "overwrite" says what to do$/,
      ),
    })
    await expect(at.copy({ ...tree, overwrite: 'error' })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(/: "in\/new", "old" are there already: nothing was copied/),
    })
    expect(describeTree(at.path('b'))).toEqual(before)
    await at.copy({ ...tree, destination_path: 'new', overwrite: 'error' })
    expect(describeTree(at.path('b/new'))).toEqual(describeTree(at.path('a/d')))
  })

  it('says what it would do, and writes nothing', async () => {
    await using at = machines(changes)
    const before = describeTree(at.path('.'))
    const ofTree = await at.copy({ ...tree, dry_run: true, exclude: ['only'], overwrite: 'newer' })
    expect(ofTree).toMatch(/^Would copy 1 file, 6 bytes, transport ws; nothing was written\n/)
    expect(ofTree).toContain(`Destination: "${at.path('b/e/d')}" on "b"`)
    expect(ofTree).toContain('It would be merged into the directory that is there.')
    expect(ofTree).toContain('Would be replaced: ./old.')
    expect(ofTree).toContain('Skipped, because they are there already: ./in/new.')
    expect(ofTree).toContain('Excluded: 1 entry.')
    expect(await at.copy({ ...file, dry_run: true })).toContain('It would replace the file that is there.')
    expect(await at.copy({ ...file, destination_path: 'new/x/', dry_run: true })).toMatch(
      /^Would copy 1 file, 6 bytes,.*The file is new there\.$/s,
    )
    expect(describeTree(at.path('.'))).toEqual(before)
  })

  it('leaves out what is excluded', async () => {
    await using at = machines(changes)
    mkdirSync(at.path('a/d/deep/node_modules/x'), { recursive: true })
    mkdirSync(at.path('a/d/build/x'), { recursive: true })
    for (const name of ['deep/a.log', 'deep/node_modules/x/y', 'build/x/y', 'build/z', 'back\\slash.txt'])
      writeFileSync(at.path(`a/d/${name}`), 'x')
    const exclude = ['*.log', 'node_modules/', 'build/x/**', '/old']
    const text = await at.copy({ ...tree, destination_path: 'new', exclude })
    const names = describeTree(at.path('b/new')).map((line) => line.split(' ')[0])
    expect(names).toEqual([
      './',
      './back\\slash.txt',
      './build/',
      './build/z',
      './deep/',
      './in/',
      './in/new',
      './only',
    ])
    expect(text).toContain('Excluded: 7 entries.')
    expect(text).toContain('(the same at both ends)')
  })

  it('keeps the times of files, links and directories of a part, too', async () => {
    await using at = machines(changes)
    utimesSync(at.path('a/d/in'), 1e9, 1e9)
    await at.copy({ ...tree, destination_path: 'new', exclude: ['only'] })
    expect(statSync(at.path('b/new/in')).mtimeMs).toBe(1e12)
    expect(statSync(at.path('b/new/old')).mtimeMs).toBe(2e12)
  })

  it('does not read back what arrived, when told so', async () => {
    await using at = machines(changes)
    expect(await at.copy({ ...file, verify: false })).toMatch(
      /sha256: \w{64} \(of what was sent; not read back, as verify is false\)/,
    )
    expect(await at.copy({ ...tree, verify: false })).toContain('Not compared by sha256, as verify is false.')
    expect(contents(at)).toEqual(['source', 'source', 'source', 'there'])
    expect(at.b.commands.filter((command) => command.includes('sha256sum'))).toEqual([])
  })
})

describe('copy_path of a part within one machine', () => {
  it('copies it there', async () => {
    await using at = machines()
    const there = { source_environment_id: 'a', destination_environment_id: 'a' }
    const text = await at.copy({ ...tree, ...there, exclude: ['old'] })
    expect(text).toContain('transport direct')
    expect(describeTree(at.path('a/e')).map((line) => line.split(' ')[0])).toEqual([
      './',
      './in/',
      './in/new',
      './only',
    ])
    expect(at.a.filesRead).toEqual([])
  })
})

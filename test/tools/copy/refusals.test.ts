import { mkdirSync, readdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { BridgeError } from '../../../src/util/errors.ts'
import { describeTree } from '../../support/tree.ts'
import { TwoMachines, withShellLines } from '../../support/two-machines.ts'

const file = { source_path: 'f', destination_path: 'g' }
const tree = { source_path: 'd', destination_path: 'e', recursive: true }

/** A disk with 1,000 KiB left, whose name has a blank. */
const FULL = withShellLines(
  'df() { printf "Filesystem 1024-blocks Used Available Capacity Mounted on\\n/dev/a b 5000 4000 1000 80%% /mnt\\n"; }',
)

describe('copy_path to a disk with too little room', () => {
  it.each([
    ['a file', file],
    ['a directory', tree],
  ])('refuses %s before a byte is sent', async (_, args) => {
    await using at = new TwoMachines({ b: FULL })
    mkdirSync(at.path('a/d'))
    for (const name of ['a/f', 'a/d/f']) {
      writeFileSync(at.path(name), '')
      truncateSync(at.path(name), 2_000_000)
    }
    await expect(at.copy(args)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(
        /: no space: 2,000,000 bytes are to be written, and 1,024,000 bytes are free there$/,
      ),
    })
    expect(readdirSync(at.path('b'))).toEqual([])
    expect(at.a.filesRead).toEqual([])
  })

  it('copies what has room', async () => {
    await using at = new TwoMachines({ b: FULL })
    writeFileSync(at.path('a/f'), 'x')
    expect(await at.copy(file)).toMatch(/^Copied 1 file/)
  })
})

describe('copy_path to a disk that does not tell upper and lower case apart', () => {
  /** On such a disk the partial directory is found under another name, too. */
  const FOLDING = withShellLines('ls() { printf "%s\\n" "$2"; }')

  it('refuses names that would be one there', async () => {
    await using at = new TwoMachines({ b: FOLDING })
    mkdirSync(at.path('a/d/Sub'), { recursive: true })
    for (const name of ['read', 'Sub/README', 'Sub/readme']) writeFileSync(at.path(`a/d/${name}`), 'x')
    await expect(at.copy(tree)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(
        /"Sub\/(README|readme)" and "Sub\/(README|readme)" would be one there, .*: rename one, or exclude it$/,
      ),
    })
    expect(readdirSync(at.path('b'))).toEqual([])
    expect(await at.copy({ ...tree, exclude: ['readme'] })).toMatch(/^Copied 2 files/)
  })

  it('copies such names to a disk that does', async () => {
    await using at = new TwoMachines()
    mkdirSync(at.path('a/d'))
    for (const name of ['a', 'A']) writeFileSync(at.path(`a/d/${name}`), name)
    await at.copy(tree)
    expect(readdirSync(at.path('b/e')).sort()).toEqual(['A', 'a'])
  })
})

describe('copy_path of what cannot be copied so', () => {
  it.each([
    ['a file', file],
    ['a directory', tree],
  ])('says that the name of %s is too long there, before a byte is read', async (_, args) => {
    await using at = new TwoMachines()
    mkdirSync(at.path('a/d'))
    writeFileSync(at.path('a/f'), 'x')
    const copy = at.copy({ ...args, destination_path: 'n'.repeat(256) })
    await expect(copy).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringMatching(/^Cannot copy .*name too long$/),
    })
    expect([readdirSync(at.path('b')), at.a.filesRead]).toEqual([[], []])
  })

  it('says that a name in a directory is too long there', async () => {
    await using at = new TwoMachines({
      b: withShellLines(
        'tar() { [ "$1" = --version ] || { echo "tar: x: Cannot open: File name too long" >&2; return 2; }; }',
      ),
    })
    mkdirSync(at.path('a/d'))
    await expect(at.copy(tree)).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining('File name too long'),
    })
  })

  it('says that an environment went away', async () => {
    const gone = new BridgeError('unavailable', 'Connection lost')
    await using at = new TwoMachines({ a: { readBlock: () => Promise.reject(gone) } })
    writeFileSync(at.path('a/f'), 'x')
    await expect(at.copy(file)).rejects.toMatchObject({
      code: 'unavailable',
      message: 'Cannot copy "f" on "a" to "g" on "b": Connection lost',
    })
    expect(readdirSync(at.path('b'))).toEqual([])
  })

  it('does not write through what lies where its partial file would', async () => {
    await using at = new TwoMachines()
    writeFileSync(at.path('a/f'), 'x')
    writeFileSync(at.path('b/victim'), 'untouched')
    let partial = ''
    await using watched = new TwoMachines({
      b: {
        start: (request) => {
          const found = request.argv.find((arg) => arg.endsWith('.partial'))
          if (found && partial === '') symlinkSync(at.path('b/victim'), found)
          partial ||= found ?? ''
          return request
        },
      },
    })
    writeFileSync(watched.path('a/f'), 'x')
    await watched.copy(file)
    expect(partial).toMatch(/\.partial$/)
    expect(describeTree(at.path('b'))).toHaveLength(2)
    expect(describeTree(watched.path('b'))).toEqual([
      expect.any(String),
      expect.stringMatching(/^\.\/g 644 /),
    ])
  })
})

import { createHash, randomBytes } from 'node:crypto'
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { describe, expect, it } from 'vitest'
import { copyPathTool } from '../../src/tools/copy-path.ts'
import { BridgeError } from '../../src/util/errors.ts'
import { describeTree, makeTree } from '../support/tree.ts'
import { OLD, TwoMachines } from '../support/two-machines.ts'

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const file = { source_path: 'f', destination_path: 'g' }

describe('copyPathTool', () => {
  it('has a schema of at most 3,500 bytes', () => {
    expect(JSON.stringify(copyPathTool.info.inputSchema).length).toBeLessThan(3500)
  })

  it.each([
    [{ destination_path: '/b' }, 'source_path is missing, such as {"source_path":"/srv/app/build"}'],
    [{ source_path: '/a' }, 'destination_path is missing, such as {"destination_path":"/srv/app/"}'],
    [
      { ...file, timeout_ms: 0 },
      'timeout_ms must be a whole number from 1 to 3,600,000, such as {"timeout_ms":1}',
    ],
    [
      { ...file, transport: 'ftp' },
      'transport must be one of "auto", "http", "ws", such as {"transport":"auto"}',
    ],
    [
      { ...file, overwrite: 'maybe' },
      'overwrite must be one of "replace", "skip", "error", "newer", such as {"overwrite":"replace"}',
    ],
    [
      { ...file, exclude: ['a[b'] },
      'exclude "a[b" is not a glob: Missing closing: "]", such as {"exclude":["node_modules","*.log","build/**"]}',
    ],
    [{ ...file, exclude: [1] }, 'exclude must be a text or an array of texts, such as {"exclude":["*.log"]}'],
  ])('refuses %j', (args, message) => {
    expect(() => copyPathTool.parse(args)).toThrow(
      expect.objectContaining({ code: 'invalid_input', message }),
    )
  })

  it('fills in what is left out', () => {
    expect(copyPathTool.parse({ ...file, recursive: 'true' })).toEqual({
      source: { environment: undefined, path: 'f' },
      destination: { environments: [undefined], path: 'g' },
      recursive: true,
      overwrite: 'replace',
      isExcluded: expect.any(Function),
      verify: true,
      dryRun: false,
      resume: true,
      transport: 'auto',
      timeoutMs: 600_000,
    })
  })

  it('takes the names that models know from codex', () => {
    const args = { source_environment: 'x', source_path: 'f', target_environment_id: 'y', target_path: 'g' }
    expect(copyPathTool.parse(args)).toMatchObject({
      source: { environment: 'x', path: 'f' },
      destination: { environments: ['y'], path: 'g' },
    })
  })
})

describe.each([
  ['between new executors', {}],
  ['between old executors', OLD],
])('copy_path of a file %s', (_, executor) => {
  const machines = () => new TwoMachines({ a: executor, b: executor })

  it('keeps bytes, mode and time, and says what it did', async () => {
    await using at = machines()
    const bytes = randomBytes(3_000_001)
    writeFileSync(at.path('a/f'), bytes, { mode: 0o750 })
    utimesSync(at.path('a/f'), 1_700_000_000, 1_700_000_000)
    const text = await at.copy(file)
    expect(readFileSync(at.path('b/g')).equals(bytes)).toBe(true)
    expect(statSync(at.path('b/g'))).toMatchObject({ mode: 0o100750, mtimeMs: 1_700_000_000_000 })
    expect(text).toMatch(/^Copied 1 file, 3,000,001 bytes, in [\d.]+ s \([\d.]+ MB\/s\), transport ws\n/)
    expect(text).toContain(`Source: "${at.path('a/f')}" on "a"\nDestination: "${at.path('b/g')}" on "b"\n`)
    expect(text).toContain(`sha256: ${sha256(bytes)} (the same at both ends)`)
    expect(text).toContain('It was written beside and renamed into place.')
    expect(readdirSync(at.path('b'))).toEqual(['g'])
  })

  it.each([0, 1, 1024 * 1024, 1024 * 1024 + 1])('copies a file of %i bytes', async (size) => {
    await using at = machines()
    const bytes = randomBytes(size)
    writeFileSync(at.path('a/f'), bytes)
    await at.copy(file)
    expect(readFileSync(at.path('b/g')).equals(bytes)).toBe(true)
  })

  it.each([
    'with spaces',
    `quo'te"s`,
    'new\nline\n',
    '*[a]?',
    '-rf',
    '$(id)',
    'ümläut ☃',
    'back\\slash',
    'n'.repeat(255),
    '☃'.repeat(85),
  ])('copies a file named %j', async (name) => {
    await using at = machines()
    writeFileSync(at.path(`a/${name}`), 'x')
    await at.copy({ source_path: at.path(`a/${name}`), destination_path: at.path('b') })
    expect(readdirSync(at.path('b'))).toEqual([name])
  })

  it('copies a file whose name is not UTF-8', async () => {
    await using at = machines()
    writeFileSync(Buffer.from(`${at.path('a/x')}\xff`, 'latin1'), 'x')
    await at.copy({ source_path: 'x\udcff', destination_path: './' })
    expect(readdirSync(at.path('b'), 'latin1')).toEqual(['x\xff'])
  })

  it('keeps a file that only its owner may read closed while it comes in', async () => {
    const modes: number[] = []
    const look = async () => {
      for (const name of readdirSync(at.path('b'))) modes.push(statSync(at.path(`b/${name}`)).mode & 0o777)
    }
    await using at = new TwoMachines({
      a: executor,
      b: {
        ...executor,
        write: look,
        writeBlock: look,
      },
    })
    writeFileSync(at.path('a/f'), randomBytes(3_000_000), { mode: 0o400 })
    await at.copy(file)
    expect(modes.length).toBeGreaterThan(2)
    expect(new Set(modes)).toEqual(new Set([0o600]))
    expect(statSync(at.path('b/g')).mode & 0o777).toBe(0o400)
  })

  it('replaces a file, through a link when it is one', async () => {
    await using at = machines()
    writeFileSync(at.path('a/f'), 'new')
    mkdirSync(at.path('b/real'))
    writeFileSync(at.path('b/real/g'), 'old')
    symlinkSync('real/g', at.path('b/g'))
    const text = await at.copy(file)
    expect(readFileSync(at.path('b/real/g'), 'utf8')).toBe('new')
    expect(readdirSync(at.path('b')).sort()).toEqual(['g', 'real'])
    expect(text).toContain('renamed into place, over the file that was there')
    expect(text).toContain(`Destination: "${at.path('b/real/g')}" on "b"`)
  })
})

describe('copy_path to a place', () => {
  it.each([
    ['g', 'g'],
    ['there', 'there/f'],
    ['there/', 'there/f'],
    ['.', 'f'],
    ['there/..', 'f'],
    ['new/', 'new/f'],
    ['new/deep/g', 'new/deep/g'],
    ['link-to-there', 'there/f'],
  ])('puts a file into %j as %j', async (destination, expected) => {
    await using at = new TwoMachines()
    writeFileSync(at.path('a/f'), 'x')
    mkdirSync(at.path('b/there'))
    symlinkSync('there', at.path('b/link-to-there'))
    await at.copy({ source_path: 'f', destination_path: destination })
    expect(readFileSync(at.path(`b/${expected}`), 'utf8')).toBe('x')
  })

  it.each([
    ['d2', 'd2/x'],
    ['there', 'there/d/x'],
    ['new/', 'new/d/x'],
    ['new/deep/d2', 'new/deep/d2/x'],
  ])('puts a directory into %j as %j', async (destination, expected) => {
    await using at = new TwoMachines()
    mkdirSync(at.path('a/d'))
    writeFileSync(at.path('a/d/x'), 'x')
    mkdirSync(at.path('b/there'))
    await at.copy({ source_path: 'd/', destination_path: destination, recursive: true })
    expect(readFileSync(at.path(`b/${expected}`), 'utf8')).toBe('x')
  })

  it('follows a source that is a link', async () => {
    await using at = new TwoMachines()
    mkdirSync(at.path('a/d'))
    writeFileSync(at.path('a/d/x'), 'x')
    symlinkSync('d', at.path('a/l'))
    await at.copy({ source_path: 'l', destination_path: 'l', recursive: true })
    expect(readFileSync(at.path('b/l/x'), 'utf8')).toBe('x')
  })

  it.each([
    [{ source_path: 'none' }, 'not_found', 'there is no such source'],
    [{ source_path: 'd' }, 'invalid_input', 'the source is a directory: give "recursive": true'],
    [{ source_path: '/dev/null' }, 'invalid_input', 'the source is a special file'],
    [
      { source_path: '/', recursive: true, destination_path: 'there/' },
      'invalid_input',
      'has no name of its own',
    ],
    [{ destination_path: 'file/' }, 'conflict', 'is a file there: leave the slash at its end out'],
    [{ destination_path: 'file/x' }, 'conflict', 'is not a directory'],
    [{ destination_path: '/dev/null' }, 'conflict', 'is a special file there'],
    [
      { destination_path: 'there', source_path: 'dir-there' },
      'conflict',
      'is a directory there and the source is a file',
    ],
    [
      { source_path: 'd', destination_path: 'file', recursive: true },
      'conflict',
      'is a file there and the source is a directory',
    ],
    [{ destination_path: '/proc/none/x' }, 'not_found', 'cannot make the directory "/proc/none" there'],
    [{ destination_path: 'n'.repeat(256) }, 'invalid_input', 'name too long'],
  ])('refuses %j', async (args, code, words) => {
    await using at = new TwoMachines()
    writeFileSync(at.path('a/f'), 'x')
    writeFileSync(at.path('a/dir-there'), 'x')
    mkdirSync(at.path('a/d'))
    writeFileSync(at.path('b/file'), 'x')
    mkdirSync(at.path('b/there/dir-there'), { recursive: true })
    const before = describeTree(at.path('.'))
    const error = await at.copy({ ...file, ...args }).then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(error).toMatchObject({ code })
    expect(String(error)).toContain('Cannot copy "')
    expect(String(error)).toContain(words)
    expect(describeTree(at.path('.'))).toEqual(before)
    expect([at.a.running, at.b.running]).toEqual([0, 0])
  })

  it('removes the parents it has made when it fails', async () => {
    await using at = new TwoMachines({
      b: { writeBlock: () => Promise.reject(new BridgeError('conflict', 'no space')) },
    })
    writeFileSync(at.path('a/f'), 'x')
    mkdirSync(at.path('b/there'))
    const error = at.copy({ source_path: 'f', destination_path: 'there/p/q/' })
    const message = expect.stringMatching(/^Cannot copy "f" on "a" to "there\/p\/q\/" on "b": no space$/)
    await expect(error).rejects.toMatchObject({ code: 'conflict', message })
    expect(describeTree(at.path('b'))).toEqual(['./ 755', './there/ 755'])
  })
})

describe('copy_path within one machine', () => {
  const there = { source_environment_id: 'a', destination_environment_id: 'a' }

  it('copies a file there, without a byte passing through us', async () => {
    await using at = new TwoMachines()
    writeFileSync(at.path('a/f'), 'x', { mode: 0o640 })
    const text = await at.copy({ ...there, ...file })
    expect(readFileSync(at.path('a/g'), 'utf8')).toBe('x')
    expect(statSync(at.path('a/g')).mode & 0o777).toBe(0o640)
    expect(text).toContain('transport direct')
    expect(text).toContain(`sha256: ${sha256(Buffer.from('x'))} (the same at both ends)`)
    expect(at.a.filesRead).toEqual([])
    expect(readdirSync(at.path('a')).sort()).toEqual(['f', 'g'])
  })

  it('says the size also where the executor does not', async () => {
    await using at = new TwoMachines({ a: OLD })
    writeFileSync(at.path('a/f'), 'twelve bytes')
    expect(await at.copy({ ...there, ...file })).toMatch(/^Copied 1 file, 12 bytes, /)
  })

  it('copies a directory there, and the directory that a link stands for', async () => {
    await using at = new TwoMachines()
    makeTree(at.path('a/d'))
    symlinkSync('d', at.path('a/l'))
    await at.copy({ ...there, source_path: 'l', destination_path: 'e', recursive: true })
    expect(describeTree(at.path('a/e'))).toEqual(describeTree(at.path('a/d')))
    expect(at.a.filesRead).toEqual([])
  })

  it.each([
    ['f', 'f', 'both are the same'],
    ['f', 'link', 'both are the same'],
    ['f', '.', 'both are the same'],
    ['d', 'd', 'the destination lies inside the source'],
    ['d', 'd/x/y', 'the destination lies inside the source'],
    ['d', 'link-to-d/x/', 'the destination lies inside the source'],
    ['d', '.', 'both are the same'],
  ])('refuses to copy %j to %j', async (source_path, destination_path, words) => {
    await using at = new TwoMachines()
    writeFileSync(at.path('a/f'), 'x')
    mkdirSync(at.path('a/d'))
    symlinkSync('f', at.path('a/link'))
    symlinkSync('d', at.path('a/link-to-d'))
    const before = describeTree(at.path('a'))
    const error = at.copy({ ...there, source_path, destination_path, recursive: true })
    await expect(error).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining(words),
    })
    expect(describeTree(at.path('a'))).toEqual(before)
  })

  it('copies a directory next to one whose name begins alike', async () => {
    await using at = new TwoMachines()
    makeTree(at.path('a/d'))
    await at.copy({ ...there, source_path: 'd', destination_path: 'd-2', recursive: true })
    expect(describeTree(at.path('a/d-2'))).toEqual(describeTree(at.path('a/d')))
  })
})

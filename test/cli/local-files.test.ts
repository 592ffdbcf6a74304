import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { LocalFiles } from '../../src/cli/local-files.ts'
import { asNobody } from '../support/patch-case.ts'
import { tempDirectory } from '../support/temp-directory.ts'

async function local() {
  const directory = await tempDirectory()
  const path = (name: string) => join(directory.path, name)
  return {
    path,
    files: new LocalFiles(),
    put: (name: string, text: string, mode = 0o644) => {
      writeFileSync(path(name), text)
      chmodSync(path(name), mode)
    },
    text: (name: string) => readFileSync(path(name), 'utf8'),
    mode: (name: string) => (statSync(path(name)).mode & 0o7777).toString(8),
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  }
}

const NEW = Buffer.from('new\n')

describe('LocalFiles', () => {
  it('replaces a plain file at once, with its mode, and leaves nothing beside', async () => {
    await using my = await local()
    my.put('a', 'old\n', 0o666)
    const { ino } = statSync(my.path('a'))
    await my.files.write(my.path('a'), NEW)
    expect([my.text('a'), my.mode('a')]).toEqual(['new\n', '666'])
    expect(statSync(my.path('a')).ino).not.toBe(ino)
    expect(readdirSync(my.path('.'))).toEqual(['a'])
  })

  it('writes in place what has a second name, or lies behind a link', async () => {
    await using my = await local()
    my.put('a', 'old and longer\n')
    linkSync(my.path('a'), my.path('b'))
    symlinkSync('a', my.path('link'))
    await my.files.write(my.path('link'), NEW)
    expect([my.text('a'), my.text('b'), lstatSync(my.path('link')).isSymbolicLink()]).toEqual([
      'new\n',
      'new\n',
      true,
    ])
  })

  it('writes in place where the directory does not let it, and not where the file does not', async () => {
    await using my = await local()
    mkdirSync(my.path('d'))
    my.put('d/a', 'old\n', 0o666)
    my.put('b', 'old\n', 0o444)
    chmodSync(my.path('d'), 0o555)
    using _ = asNobody(my.path('.'))
    await my.files.write(my.path('d/a'), NEW)
    await expect(my.files.write(my.path('b'), NEW)).rejects.toMatchObject({
      code: 'denied',
      message: 'Permission denied (os error 13)',
    })
    expect([my.text('d/a'), my.text('b')]).toEqual(['new\n', 'old\n'])
  })

  it('leaves it to the system what becomes of set-user-id, as writing into the file does', async () => {
    await using my = await local()
    mkdirSync(my.path('d'))
    using _ = asNobody(my.path('d'))
    my.put('d/a', 'old\n', 0o4755)
    await my.files.write(my.path('d/a'), NEW)
    expect([my.text('d/a'), my.mode('d/a')]).toEqual(['new\n', '755'])
  })

  it('gives a file the mode of another', async () => {
    await using my = await local()
    my.put('like', '', 0o751)
    my.put('a', 'old\n')
    await my.files.write(my.path('a'), NEW, my.path('like'))
    await my.files.write(my.path('b'), NEW, my.path('like'))
    expect([my.mode('a'), my.mode('b')]).toEqual(['751', '751'])
  })

  it('renames, over a file too, and copies where a rename would break a link', async () => {
    await using my = await local()
    my.put('a', 'a\n', 0o750)
    my.put('b', 'b\n')
    linkSync(my.path('b'), my.path('b2'))
    await my.files.rename(my.path('a'), my.path('b'))
    expect([my.text('b'), my.text('b2'), my.mode('b'), existsSync(my.path('a'))]).toEqual([
      'a\n',
      'a\n',
      '750',
      false,
    ])
    symlinkSync('b', my.path('link'))
    await my.files.rename(my.path('link'), my.path('c'))
    expect([my.text('c'), lstatSync(my.path('c')).isFile(), existsSync(my.path('link'))]).toEqual([
      'a\n',
      true,
      false,
    ])
  })

  it('names what a path leads to, also when it is not there yet', async () => {
    await using my = await local()
    mkdirSync(my.path('d'))
    symlinkSync('d', my.path('link'))
    expect(await my.files.identify(my.path('link/x/y'))).toBe(my.path('d/x/y'))
  })

  it.each([
    ['a directory', '.', 'is not a file'],
    ['a device', '/dev/null', 'is not a file'],
    ['what is not there', 'none', 'No such file or directory (os error 2)'],
  ])('does not read %s', async (_, name, words) => {
    await using my = await local()
    await expect(my.files.read(name.startsWith('/') ? name : my.path(name))).rejects.toThrow(words)
  })

  it('refuses a file of more than 512 MiB before it is read', async () => {
    await using my = await local()
    my.put('a', '')
    truncateSync(my.path('a'), 512 * 1024 * 1024 + 1)
    await expect(my.files.read(my.path('a'))).rejects.toThrow(
      'file is too large to read: limit is 536870912 bytes',
    )
  })

  it('takes a slash at the end of a path for nothing', async () => {
    await using my = await local()
    my.put('a', '1\n')
    await my.files.write(`${my.path('a')}/`, NEW)
    await my.files.rename(`${my.path('a')}/`, `${my.path('b')}/`)
    expect(Buffer.from(await my.files.read(`${my.path('b')}/`)).toString()).toBe('new\n')
    expect(await my.files.identify(`${my.path('b')}/`)).toBe(my.path('b'))
    await my.files.remove(`${my.path('b')}/`)
    expect(await my.files.look(`${my.path('b')}/`)).toBeUndefined()
  })

  it('does not wait for a pipe', async () => {
    await using my = await local()
    execFileSync('mkfifo', [my.path('pipe')])
    await expect(my.files.read(my.path('pipe'))).rejects.toThrow('is not a file')
  })

  it('reads a file that does not know its size', async () => {
    const bytes = await new LocalFiles().read('/proc/self/status')
    expect(Buffer.from(bytes).toString()).toContain('Name:')
  })
})

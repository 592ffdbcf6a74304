import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { LocalFiles } from '../../src/cli/local-files.ts'
import { Overlay } from '../../src/patch/overlay.ts'
import { tempDirectory } from '../support/temp-directory.ts'

async function overlay() {
  const directory = await tempDirectory()
  const path = (name: string) => join(directory.path, name)
  mkdirSync(path('d'))
  writeFileSync(path('a'), 'a\n')
  symlinkSync('a', path('link'))
  symlinkSync('d', path('d-link'))
  const files = new Overlay(new LocalFiles())
  return {
    path,
    files,
    text: async (name: string) => Buffer.from(await files.read(path(name))).toString(),
    write: (name: string, text: string) => files.write(path(name), Buffer.from(text)),
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  }
}

describe('Overlay', () => {
  it('shows what was written, under every name, and writes nothing', async () => {
    await using my = await overlay()
    await my.write('link', 'new\n')
    await my.write('d/b', 'b\n')
    expect([await my.text('a'), await my.text('link'), await my.text('d-link/b')]).toEqual([
      'new\n',
      'new\n',
      'b\n',
    ])
    expect(readFileSync(my.path('a'), 'utf8')).toBe('a\n')
    expect(readdirSync(my.path('d'))).toEqual([])
  })

  it('removes a link itself, and not what it leads to', async () => {
    await using my = await overlay()
    await my.files.remove(my.path('link'))
    await expect(my.text('link')).rejects.toThrow('No such file')
    expect(await my.text('a')).toBe('a\n')
    await my.write('link', 'own\n')
    expect([await my.text('link'), await my.text('a')]).toEqual(['own\n', 'a\n'])
  })

  it('renames, also what was only written here', async () => {
    await using my = await overlay()
    await my.files.rename(my.path('a'), my.path('d/b'))
    await my.files.rename(my.path('d/b'), my.path('c'))
    expect(await my.text('c')).toBe('a\n')
    expect(await my.files.look(my.path('a'))).toBeUndefined()
    expect(await my.files.look(my.path('d/b'))).toBeUndefined()
  })

  it('makes directories', async () => {
    await using my = await overlay()
    await expect(my.write('x/y/z', '1')).rejects.toMatchObject({ code: 'not_found' })
    await my.files.makeDirectory(my.path('x/y'))
    await my.write('x/y/z', '1')
    expect(await my.files.look(my.path('x'))).toMatchObject({ kind: 'directory' })
    expect(await my.text('x/y/z')).toBe('1')
  })

  it.each([
    [
      'a directory as a file',
      (my: Awaited<ReturnType<typeof overlay>>) => my.write('d', '1'),
      'Is a directory',
    ],
    ['below a file', (my: Awaited<ReturnType<typeof overlay>>) => my.write('a/b', '1'), 'Not a directory'],
    [
      'directories below a file',
      (my: Awaited<ReturnType<typeof overlay>>) => my.files.makeDirectory(my.path('a/b')),
      'Not a directory',
    ],
    [
      'a directory that is to be removed',
      (my: Awaited<ReturnType<typeof overlay>>) => my.files.remove(my.path('d')),
      'is not a file',
    ],
    [
      'what is not there',
      (my: Awaited<ReturnType<typeof overlay>>) => my.files.remove(my.path('x')),
      'No such file',
    ],
  ])('refuses %s', async (_, change, words) => {
    await using my = await overlay()
    await expect(change(my)).rejects.toThrow(words)
  })
})

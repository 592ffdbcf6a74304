import { chmod, lstat, mkdir, readdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { BridgeError } from '../../../src/util/errors.ts'
import type { Rig } from './rig.ts'

export function treeContract(rig: () => Rig): void {
  describe('list', () => {
    it('gives what lies in a directory, links as what they lead to', async () => {
      await mkdir(rig().path('directory'))
      await writeFile(rig().path('file'), '')
      await writeFile(rig().path('.hidden'), '')
      await symlink('directory', rig().path('link'))
      const entries = await rig().executor.list(rig().directory)
      expect(entries.sort((a, b) => a.name.localeCompare(b.name))).toEqual([
        { name: '.hidden', kind: 'file' },
        { name: 'directory', kind: 'directory' },
        { name: 'file', kind: 'file' },
        { name: 'link', kind: 'directory' },
      ])
    })

    it('gives hundreds', async () => {
      const names = Array.from({ length: 200 }, (_, n) => `file-${n}`)
      await Promise.all(names.map((name) => writeFile(rig().path(name), '')))
      const entries = await rig().executor.list(rig().directory)
      expect(entries.map(({ name }) => name).sort()).toEqual(names.sort())
    })

    it('says what is not there, and what is no directory', async () => {
      await writeFile(rig().path('file'), '')
      for (const name of ['missing', 'file'])
        await expect(rig().executor.list(rig().path(name))).rejects.toMatchObject({ code: 'not_found' })
    })
  })

  describe('createDirectory', () => {
    it('makes one', async () => {
      await rig().executor.createDirectory(rig().path('new'), { recursive: false })
      expect((await lstat(rig().path('new'))).isDirectory()).toBe(true)
      const again = rig().executor.createDirectory(rig().path('new'), { recursive: false })
      await expect(again).rejects.toMatchObject({ code: 'conflict' })
    })

    it('makes its parents when it is told to, and is fine with one that is there', async () => {
      const create = (recursive: boolean) =>
        rig().executor.createDirectory(rig().path('a/b/c'), { recursive })
      await expect(create(false)).rejects.toMatchObject({ code: 'not_found' })
      await create(true)
      await create(true)
      expect((await lstat(rig().path('a/b/c'))).isDirectory()).toBe(true)
    })
  })

  describe('remove', () => {
    const remove = (name: string, recursive: boolean, force: boolean) =>
      rig().executor.remove(rig().path(name), { recursive, force })

    it('removes a file, an empty directory, and a link but not what it leads to', async () => {
      await mkdir(rig().path('directory'))
      await mkdir(rig().path('empty'))
      await writeFile(rig().path('file'), '')
      await symlink('directory', rig().path('link'))
      for (const name of ['file', 'link', 'empty']) await remove(name, false, false)
      expect(await readdir(rig().directory)).toEqual(['directory'])
    })

    it('removes a full directory only when it is told to', async () => {
      await mkdir(rig().path('full/deeper'), { recursive: true })
      await mkdir(rig().path('beyond'))
      await writeFile(rig().path('beyond/file'), '')
      await symlink('../../beyond', rig().path('full/deeper/link'))
      await expect(remove('full', false, false)).rejects.toMatchObject({ code: 'conflict' })
      await expect(remove('full', false, true)).rejects.toMatchObject({ code: 'conflict' })
      await remove('full', true, false)
      expect(await readdir(rig().directory)).toEqual(['beyond'])
      expect(await readdir(rig().path('beyond'))).toEqual(['file'])
    })

    it('is fine with what is not there only when it is forced', async () => {
      for (const recursive of [false, true]) {
        await expect(remove('missing', recursive, false)).rejects.toMatchObject({ code: 'not_found' })
        await remove('missing', recursive, true)
      }
    })
  })

  describe('copy', () => {
    const copy = (from: string, to: string, recursive = false) =>
      rig().executor.copy(rig().path(from), rig().path(to), { recursive })

    it('copies a file with its mode, over one that is there', async () => {
      await writeFile(rig().path('program'), '#!/bin/sh\n')
      await chmod(rig().path('program'), 0o755)
      await writeFile(rig().path('old'), 'a long text that was there')
      for (const to of ['new', 'old']) {
        await copy('program', to)
        expect(await readFile(rig().path(to), 'utf8')).toBe('#!/bin/sh\n')
        expect((await lstat(rig().path(to))).mode & 0o777).toBe(0o755)
      }
    })

    it('copies a directory with all in it, links as links', async () => {
      await mkdir(rig().path('tree/deeper/empty'), { recursive: true })
      await writeFile(rig().path('tree/deeper/file'), 'text', { mode: 0o600 })
      await symlink('deeper/file', rig().path('tree/link'))
      await symlink('nowhere', rig().path('tree/dangling'))
      await expect(copy('tree', 'copied')).rejects.toBeInstanceOf(BridgeError)
      await copy('tree', 'copied', true)
      expect(await readFile(rig().path('copied/deeper/file'), 'utf8')).toBe('text')
      expect((await lstat(rig().path('copied/deeper/file'))).mode & 0o777).toBe(0o600)
      expect(await readlink(rig().path('copied/link'))).toBe('deeper/file')
      expect(await readlink(rig().path('copied/dangling'))).toBe('nowhere')
      expect(await readdir(rig().path('copied/deeper/empty'))).toEqual([])
    })

    it('refuses to copy a directory into itself, and what is not there', async () => {
      await mkdir(rig().path('tree'))
      await expect(copy('tree', 'tree/inside', true)).rejects.toMatchObject({ code: 'conflict' })
      await expect(copy('missing', 'new', true)).rejects.toMatchObject({ code: 'not_found' })
    })
  })

  describe('rename', () => {
    const rename = (from: string, to: string) => rig().executor.rename(rig().path(from), rig().path(to))

    it('puts a file where another may have been', async () => {
      await writeFile(rig().path('one'), '1')
      await writeFile(rig().path('two'), '2')
      await rename('one', 'two')
      expect(await readdir(rig().directory)).toEqual(['two'])
      expect(await readFile(rig().path('two'), 'utf8')).toBe('1')
    })

    it('renames a directory', async () => {
      await mkdir(rig().path('old/deeper'), { recursive: true })
      await rename('old', 'new')
      expect(await readdir(rig().path('new'))).toEqual(['deeper'])
    })

    it('says what is not there', async () => {
      await expect(rename('missing', 'new')).rejects.toMatchObject({ code: 'not_found' })
      await writeFile(rig().path('file'), '')
      await expect(rename('file', 'missing/file')).rejects.toMatchObject({ code: 'not_found' })
    })
  })
}

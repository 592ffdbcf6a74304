import { createHash } from 'node:crypto'
import { chmod, lstat, mkdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { BridgeError } from '../../../src/util/errors.ts'
import type { Rig } from './rig.ts'

/** All the bytes there are, and more than one message of any wire holds in one piece. */
const LARGE = Buffer.alloc(
  9 * 1024 * 1024 + 17,
  Uint8Array.from({ length: 256 }, (_, n) => n),
)

export function fileContract(rig: () => Rig): void {
  describe('readFile', () => {
    it('gives the whole file', async () => {
      for (const bytes of [Buffer.alloc(0), Buffer.from([0, 255, 10]), LARGE]) {
        await writeFile(rig().path('file'), bytes)
        const read = await rig().executor.readFile(rig().path('file'))
        expect(Buffer.from(read).equals(bytes)).toBe(true)
      }
    })

    it('refuses a file that is larger than wanted', async () => {
      await writeFile(rig().path('file'), '12345')
      const { executor } = rig()
      expect(await executor.readFile(rig().path('file'), { maxBytes: 5 })).toHaveLength(5)
      const read = executor.readFile(rig().path('file'), { maxBytes: 4 })
      await expect(read).rejects.toMatchObject({ code: 'invalid_input' })
    })

    it('says what is not there, and what is not a file', async () => {
      const missing = rig().path('missing')
      const read = rig().executor.readFile(missing)
      const message = expect.stringContaining(JSON.stringify(missing))
      await expect(read).rejects.toMatchObject({ code: 'not_found', message })
      await expect(rig().executor.readFile(rig().directory)).rejects.toMatchObject({ code: 'conflict' })
    })
  })

  describe('writeFile', () => {
    it('makes the file', async () => {
      for (const bytes of [Buffer.alloc(0), Buffer.from([0, 255, 10]), LARGE]) {
        await rig().executor.writeFile(rig().path('file'), bytes)
        expect((await readFile(rig().path('file'))).equals(bytes)).toBe(true)
      }
    })

    it('writes in place: over what was there, with its mode, through links', async () => {
      await writeFile(rig().path('file'), 'a long text that was there')
      await chmod(rig().path('file'), 0o755)
      await symlink('file', rig().path('link'))
      const { ino } = await lstat(rig().path('file'))
      await rig().executor.writeFile(rig().path('link'), Buffer.from('new'))
      expect(await readFile(rig().path('file'), 'utf8')).toBe('new')
      const after = await lstat(rig().path('file'))
      expect([after.ino, after.mode & 0o777]).toEqual([ino, 0o755])
      expect((await lstat(rig().path('link'))).isSymbolicLink()).toBe(true)
    })

    it('makes no directories', async () => {
      const write = rig().executor.writeFile(rig().path('missing/file'), Buffer.from('x'))
      await expect(write).rejects.toMatchObject({ code: 'not_found' })
    })

    it('refuses a directory, and a full disk', async () => {
      const write = (path: string) => rig().executor.writeFile(path, Buffer.from('x'))
      await expect(write(rig().directory)).rejects.toBeInstanceOf(BridgeError)
      if (process.platform === 'linux') await expect(write('/dev/full')).rejects.toThrow(/no space left/i)
    })
  })

  describe('open for reading', () => {
    it('gives windows of the file', async () => {
      await writeFile(rig().path('file'), LARGE)
      const file = await rig().executor.open(rig().path('file'), 'read')
      for (const [offset, length] of [
        [0, 1],
        [4095, 2],
        [1024 * 1024 - 1, 3 * 1024 * 1024],
        [LARGE.length - 1, 1],
      ] as const) {
        const { bytes } = await file.read(offset, length)
        expect(Buffer.from(bytes).equals(LARGE.subarray(offset, offset + length))).toBe(true)
      }
      await file.close()
    })

    it('gives less only at the end, and says so', async () => {
      await writeFile(rig().path('file'), 'twelve bytes')
      const file = await rig().executor.open(rig().path('file'), 'read')
      expect(await file.read(0, 6)).toEqual({ bytes: Buffer.from('twelve'), eof: false })
      expect(await file.read(7, 100)).toEqual({ bytes: Buffer.from('bytes'), eof: true })
      expect(await file.read(12, 1)).toMatchObject({ bytes: Buffer.alloc(0), eof: true })
      expect(await file.read(1_000_000, 1)).toMatchObject({ bytes: Buffer.alloc(0), eof: true })
      await file.close()
    })

    it('reads several windows at the same time', async () => {
      await writeFile(rig().path('file'), LARGE)
      const file = await rig().executor.open(rig().path('file'), 'read')
      const offsets = [0, 100_000, 5_000_000, 300]
      const windows = await Promise.all(offsets.map((offset) => file.read(offset, 70_000)))
      const isRight = windows.map(({ bytes }, n) =>
        Buffer.from(bytes).equals(LARGE.subarray(offsets[n], offsets[n]! + 70_000)),
      )
      expect(isRight).toEqual([true, true, true, true])
      await file.close()
    })

    it('sees a sparse file of 4 GiB without reading it', async () => {
      await writeFile(rig().path('file'), '')
      await truncate(rig().path('file'), 4 * 1024 ** 3)
      const file = await rig().executor.open(rig().path('file'), 'read')
      expect(await file.read(4 * 1024 ** 3 - 3, 10)).toEqual({ bytes: Buffer.alloc(3), eof: true })
      await file.close()
    })

    it('refuses what is not there, and what is not a file', async () => {
      const open = (path: string) => rig().executor.open(path, 'read')
      await expect(open(rig().path('missing'))).rejects.toMatchObject({ code: 'not_found' })
      await expect(open(rig().directory)).rejects.toBeInstanceOf(BridgeError)
    })
  })

  describe('open for writing', () => {
    it('writes blocks wherever they belong', async ({ skip }) => {
      skip(!rig().executor.features.writeBlocks)
      await writeFile(rig().path('file'), 'what was there is dropped, all of it')
      const file = await rig().executor.open(rig().path('file'), 'replace')
      await file.write(4, Buffer.from('second'))
      await file.write(0, Buffer.from('one '))
      await file.close()
      expect(await readFile(rig().path('file'), 'utf8')).toBe('one second')
    })

    it('makes the file, and takes large blocks', async ({ skip }) => {
      skip(!rig().executor.features.writeBlocks)
      const file = await rig().executor.open(rig().path('new'), 'replace')
      await file.write(0, LARGE)
      await file.close()
      expect((await readFile(rig().path('new'))).equals(LARGE)).toBe(true)
    })

    it('refuses where there is no directory, and where it cannot be done', async () => {
      const code = rig().executor.features.writeBlocks ? 'not_found' : 'conflict'
      const open = rig().executor.open(rig().path('missing/file'), 'replace')
      await expect(open).rejects.toMatchObject({ code })
    })
  })

  describe('metadata', () => {
    it('tells kind, size, time and mode', async () => {
      await writeFile(rig().path('file'), '12345', { mode: 0o640 })
      const found = await rig().executor.metadata(rig().path('file'))
      expect(found).toMatchObject({ kind: 'file', isSymlink: false })
      expect([5, undefined]).toContain(found.size)
      expect([0o640, undefined]).toContain(found.mode)
      const { mtimeMs } = await lstat(rig().path('file'))
      expect(Math.abs(found.modifiedMs - mtimeMs)).toBeLessThanOrEqual(1)
      expect(await rig().executor.metadata(rig().directory)).toMatchObject({ kind: 'directory' })
    })

    it('follows links, and says that it did', async () => {
      await mkdir(rig().path('directory'))
      await symlink('directory', rig().path('link'))
      const found = await rig().executor.metadata(rig().path('link'))
      expect(found).toMatchObject({ kind: 'directory', isSymlink: true })
    })

    it('says what is not there', async () => {
      await symlink('nowhere', rig().path('dangling'))
      for (const name of ['missing', 'missing/deeper', 'dangling'])
        await expect(rig().executor.metadata(rig().path(name))).rejects.toMatchObject({ code: 'not_found' })
    })
  })

  describe('hash', () => {
    it('is the sha256 of the whole file', async ({ skip }) => {
      skip(!rig().executor.features.hash)
      await writeFile(rig().path('file'), LARGE)
      const sha256 = createHash('sha256').update(LARGE).digest('hex')
      expect(await rig().executor.hash(rig().path('file'))).toBe(sha256)
      await writeFile(rig().path('empty'), '')
      expect(await rig().executor.hash(rig().path('empty'))).toMatch(/^e3b0c442/)
    })

    it('says what is not there, what is not a file, and that it cannot be done', async () => {
      const { features } = rig().executor
      const code = features.hash ? 'not_found' : 'conflict'
      await expect(rig().executor.hash(rig().path('missing'))).rejects.toMatchObject({ code })
      await expect(rig().executor.hash(rig().directory)).rejects.toBeInstanceOf(BridgeError)
    })
  })

  describe('canonicalize', () => {
    it('gives the path without links and dots', async () => {
      await mkdir(rig().path('real/deeper'), { recursive: true })
      await symlink('real', rig().path('link'))
      const found = await rig().executor.canonicalize(rig().path('link/./deeper'))
      expect(found).toBe(rig().path('real/deeper'))
    })

    it('says what is not there', async () => {
      const found = rig().executor.canonicalize(rig().path('missing'))
      await expect(found).rejects.toMatchObject({ code: 'not_found' })
    })
  })

  describe('a file method', () => {
    it('says what the system forbids', async ({ skip }) => {
      skip(process.platform !== 'linux')
      const remove = rig().executor.remove('/proc/uptime', { recursive: false, force: false })
      await expect(remove).rejects.toMatchObject({ code: 'denied' })
    })

    it('takes absolute paths only', async () => {
      await expect(rig().executor.readFile('file')).rejects.toMatchObject({ code: 'invalid_input' })
      await expect(rig().executor.metadata('')).rejects.toMatchObject({ code: 'invalid_input' })
    })

    it('does nothing when it was given up before', async () => {
      const options = { signal: AbortSignal.abort(new Error('enough')) }
      const write = rig().executor.writeFile(rig().path('file'), Buffer.from('x'), options)
      await expect(write).rejects.toMatchObject({ message: 'enough' })
      await expect(lstat(rig().path('file'))).rejects.toThrow('ENOENT')
    })

    it('works beside many others', async () => {
      const names = Array.from({ length: 60 }, (_, n) => rig().path(String(n)))
      await Promise.all(names.map((name) => rig().executor.writeFile(name, Buffer.from(name))))
      const read = await Promise.all(names.map((name) => rig().executor.readFile(name)))
      expect(read.map((bytes) => Buffer.from(bytes).toString())).toEqual(names)
    })
  })
}

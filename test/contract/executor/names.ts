import { readdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { bytesFromPath, isWellFormed, pathFromBytes } from '../../../src/protocol/paths.ts'
import { BridgeError } from '../../../src/util/errors.ts'
import type { Rig } from './rig.ts'

const NAMES = [
  'with space',
  ' both ends ',
  'quo\'te"s `$HOME`',
  'new\nline',
  'tab\tbell\x07',
  'ü☃𝄞',
  'e\u0301 decomposed',
  '50% %41 #1 ?a=b;c&d',
  'back\\slash',
  '-rf',
  '~',
  'file:',
  'x'.repeat(255),
]

/** Not UTF-8: a stray byte, a character cut off, a byte among characters, half a surrogate pair. */
const BYTES = [[0xff], [0x61, 0xc3], [0xc3, 0xbc, 0x80, 0xc3, 0xbc], [0xed, 0xa0, 0x80]].map((bytes) =>
  pathFromBytes(Uint8Array.from(bytes)),
)

export function nameContract(rig: () => Rig): void {
  describe('names', () => {
    it.each(NAMES)('can be %j', async (name) => {
      await tryEverything(rig(), name)
    })

    it.each(BYTES)('can be of any bytes, such as %j, or are refused', async (name) => {
      expect(isWellFormed(name)).toBe(false)
      try {
        await rig().executor.writeFile(rig().path(name), Buffer.from('probe'))
      } catch (error) {
        // Executors that want plain paths cannot be told such a name.
        expect(error).toMatchObject({ code: 'invalid_input' })
        return
      }
      await rig().executor.remove(rig().path(name), { recursive: false, force: false })
      await tryEverything(rig(), name)
      await rig().executor.createDirectory(rig().path(name), { recursive: false })
      await (await rig().sh(': >here', { cwd: rig().path(name) })).end()
      expect(readdirSync(bytesFromPath(rig().path(name)))).toEqual(['here'])
    })

    it('are never cut at a NUL', async () => {
      const { executor } = rig()
      const path = rig().path('file\0.txt')
      await writeFile(rig().path('file'), 'not this one')
      for (const call of [
        () => executor.readFile(path),
        () => executor.writeFile(path, Buffer.from('x')),
        () => executor.open(path, 'read'),
        () => executor.metadata(path),
        () => executor.list(path),
        () => executor.createDirectory(path, { recursive: true }),
        () => executor.remove(path, { recursive: false, force: true }),
        () => executor.copy(path, rig().path('other'), { recursive: false }),
        () => executor.rename(rig().path('file'), path),
        () => executor.canonicalize(path),
      ])
        await expect(call()).rejects.toMatchObject({ code: 'invalid_input' })
      expect(readdirSync(rig().directory)).toEqual(['file'])
    })

    it('may be too long', async () => {
      const write = rig().executor.writeFile(rig().path('x'.repeat(256)), Buffer.from('x'))
      await expect(write).rejects.toMatchObject({ code: 'invalid_input' })
      await expect(write).rejects.toBeInstanceOf(BridgeError)
    })
  })
}

/** Every file method with this name, looked at with the system's own eyes. */
async function tryEverything(rig: Rig, name: string): Promise<void> {
  const { executor } = rig
  const [place, aside] = [rig.path('place'), rig.path('aside')]
  const path = `${place}/${name}`
  await executor.createDirectory(place, { recursive: false })
  await executor.writeFile(path, Buffer.from('text'))
  expect(namesIn(place)).toEqual([bytesFromPath(name)])
  expect(Buffer.from(await executor.readFile(path)).toString()).toBe('text')
  expect(await executor.canonicalize(path)).toBe(path)
  expect(await executor.metadata(path)).toMatchObject({ kind: 'file' })
  const [entry] = await executor.list(place)
  // A stock exec-server, which cannot rename either, lists what is not UTF-8 as U+FFFD.
  const listed = executor.features.rename ? name : name.replace(/[\udc80-\udcff]/g, '\ufffd')
  expect(entry?.name).toBe(listed)
  const file = await executor.open(path, 'read')
  expect((await file.read(0, 2)).bytes).toEqual(Buffer.from('te'))
  await file.close()
  await executor.copy(path, aside, { recursive: false })
  await executor.remove(path, { recursive: false, force: false })
  await executor.rename(aside, path)
  expect(namesIn(place)).toEqual([bytesFromPath(name)])
  await executor.remove(path, { recursive: false, force: false })
  await executor.createDirectory(path, { recursive: false })
  await executor.remove(place, { recursive: true, force: false })
}

function namesIn(directory: string): Buffer[] {
  return readdirSync(directory, { encoding: 'buffer' })
}

import { stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { SharedFile } from '../../src/gateway/shared-file.ts'
import { tempDirectory } from '../support/temp-directory.ts'

const numbers = {
  parse(value: unknown): readonly number[] {
    if (!Array.isArray(value)) throw new Error('it is no list')
    return value.map(Number)
  },
  empty: (): readonly number[] => [],
}

describe('SharedFile', () => {
  it('has its empty value without a file, and does not make one by reading', async () => {
    await using directory = await tempDirectory()
    const file = new SharedFile(join(directory.path, 'n.json'), numbers)
    expect(file.read()).toEqual([])
    await expect(stat(file.path)).rejects.toThrow('ENOENT')
  })

  it('is for its owner alone', async () => {
    await using directory = await tempDirectory()
    const file = new SharedFile(join(directory.path, 'n.json'), numbers)
    await file.ensure()
    expect((await stat(file.path)).mode & 0o777).toBe(0o600)
  })

  it('loses no change of those that come together, from several sides', async () => {
    await using directory = await tempDirectory()
    const path = join(directory.path, 'n.json')
    const sides = [0, 1, 2].map(() => new SharedFile(path, numbers))
    const wanted = Array.from({ length: 12 }, (_, n) => n)
    await Promise.all(wanted.map((n) => sides[n % 3]!.update((list) => [...list, n])))
    for (const side of sides) expect([...side.read()].sort((a, b) => a - b)).toEqual(wanted)
  })

  it('sees what another process wrote at its next look', async () => {
    await using directory = await tempDirectory()
    const path = join(directory.path, 'n.json')
    const [ours, theirs] = [new SharedFile(path, numbers), new SharedFile(path, numbers)]
    await ours.update(() => [1])
    expect(ours.read()).toEqual([1])
    await theirs.update(() => [2])
    expect(ours.read()).toEqual([2])
  })

  it('says which file cannot be used, and why, and does not change it', async () => {
    await using directory = await tempDirectory()
    const file = new SharedFile(join(directory.path, 'n.json'), numbers)
    await writeFile(file.path, '{"a":1}')
    expect(() => file.read()).toThrow(`Cannot use the file "${file.path}": it is no list`)
    await expect(file.update(() => [1])).rejects.toThrow('it is no list')
    await writeFile(file.path, '[1')
    expect(() => file.read()).toThrow('Cannot use the file')
  })

  it('says which file cannot be written, and why', async () => {
    await using directory = await tempDirectory()
    const path = join(directory.path, 'gone', 'n.json')
    await expect(new SharedFile(path, numbers).update(() => [1])).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringContaining(`Cannot write the file "${path}": ENOENT`),
    })
  })

  it('takes over the lock that a dead process left behind', async () => {
    await using directory = await tempDirectory()
    const file = new SharedFile(join(directory.path, 'n.json'), numbers)
    const lock = `${file.path}.lock`
    await writeFile(lock, '')
    await utimes(lock, new Date(0), new Date(0))
    expect(await file.update(() => [1])).toEqual([1])
    await expect(stat(lock)).rejects.toThrow('ENOENT')
  })
})

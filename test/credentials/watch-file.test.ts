import { spawnSync } from 'node:child_process'
import { mkdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { watchFile } from '../../src/credentials/watch-file.ts'
import { buildFixture } from '../support/build-fixture.ts'
import { ManualClock, settled } from '../support/manual-clock.ts'
import { tempDirectory } from '../support/temp-directory.ts'

/** One whose timers can be fired without waiting for what that sets off. */
class FiredClock extends ManualClock {
  fire: () => void = () => {}

  override after(ms: number, callback: () => void): Disposable {
    this.fire = callback
    return super.after(ms, callback)
  }
}

/** A watched file in a directory of its own. */
async function startWatch(make: (path: string) => Promise<unknown> = (path) => writeFile(path, 'first')) {
  const directory = await tempDirectory()
  const path = join(directory.path, 'token')
  await make(path)
  const clock = new FiredClock()
  let changes = 0
  const watch = watchFile(path, () => changes++, clock)
  const waits = () => expect.poll(() => clock.pending, { interval: 1 }).toBe(1)
  await waits()
  return {
    ...{ path, clock, watch, directory: directory.path },
    /** Looks once more; gives how many changes were told since the last time. */
    async told() {
      const before = changes
      await clock.advance(1000)
      await waits()
      return changes - before
    },
    async lookAndDispose() {
      clock.fire()
      watch[Symbol.dispose]()
      await stat(path)
      await settled()
      return changes
    },
    async [Symbol.asyncDispose]() {
      watch[Symbol.dispose]()
      await directory[Symbol.asyncDispose]()
    },
  }
}

describe('watchFile', () => {
  it('tells within 1 s that the file was written, once', async () => {
    await using file = await startWatch()
    expect(await file.told()).toBe(0)
    await writeFile(file.path, 'other')
    expect([await file.told(), await file.told()]).toEqual([1, 0])
  })

  it('tells that another file was renamed over it', async () => {
    await using file = await startWatch()
    await writeFile(`${file.path}.new`, 'other')
    await rename(`${file.path}.new`, file.path)
    expect([await file.told(), await file.told()]).toEqual([1, 0])
  })

  it('sees through a directory that is a symbolic link and is swapped, as Kubernetes does it', async () => {
    await using file = await startWatch(async (path) => {
      await version(path, '1', 'first')
      await symlink('v1', join(path, '../data'))
      await symlink('data/token', path)
    })
    expect(await file.told()).toBe(0)
    await version(file.path, '2', 'other')
    await symlink('v2', join(file.directory, 'data_new'))
    await rename(join(file.directory, 'data_new'), join(file.directory, 'data'))
    expect([await file.told(), await file.told()]).toEqual([1, 0])
    expect(await readFile(file.path, 'utf8')).toBe('other')
  })

  it('says nothing of a file that is gone, and tells of the one that comes', async () => {
    await using file = await startWatch()
    await rm(file.path)
    expect([await file.told(), await file.told()]).toEqual([0, 0])
    await writeFile(file.path, 'other')
    expect([await file.told(), await file.told()]).toEqual([1, 0])
  })

  it('says nothing of a file that was away for a moment and is the same', async () => {
    await using file = await startWatch()
    await rename(file.directory, `${file.directory}-away`)
    expect(await file.told()).toBe(0)
    await rename(`${file.directory}-away`, file.directory)
    expect(await file.told()).toBe(0)
  })

  it('goes on when the directory is made anew', async () => {
    await using file = await startWatch()
    await rm(file.directory, { recursive: true })
    expect(await file.told()).toBe(0)
    await mkdir(file.directory)
    await writeFile(file.path, 'other')
    expect(await file.told()).toBe(1)
  })

  it('tells of a file that was not there at first', async () => {
    await using file = await startWatch(async () => {})
    expect(await file.told()).toBe(0)
    await writeFile(file.path, 'first')
    expect(await file.told()).toBe(1)
  })

  it('is silent once it is disposed, also when it is just looking', async () => {
    await using file = await startWatch()
    await writeFile(file.path, 'other')
    expect(await file.lookAndDispose()).toBe(0)
    expect(file.clock.pending).toBe(0)
  })

  it('does not keep the process alive', async () => {
    await using fixture = await buildFixture('test/fixtures/credentials/watching.ts')
    expect(spawnSync(process.execPath, [fixture.path], { timeout: 10_000 }).status).toBe(0)
  })
})

async function version(path: string, name: string, text: string): Promise<void> {
  const directory = join(path, `../v${name}`)
  await mkdir(directory)
  await writeFile(join(directory, 'token'), text)
}

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { credentialFromFile } from '../../src/credentials/from-file.ts'
import { deferred } from '../../src/util/deferred.ts'
import { ManualClock } from '../support/manual-clock.ts'

let folder: string
let path: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'env-mcp-credential-'))
  path = join(folder, 'token')
})
afterEach(() => rm(folder, { recursive: true }))

describe('credentialFromFile', () => {
  it('reads the file anew each time, without the white space around the secret', async () => {
    const credential = credentialFromFile(path)
    await writeFile(path, 'first\n')
    expect(await credential.read()).toBe('first')
    await writeFile(path, ' second \n')
    expect(await credential.read()).toBe('second')
  })

  it('has another secret for a refused one only when the file has', async () => {
    const credential = credentialFromFile(path)
    await writeFile(path, 'first')
    expect(await credential.renew('first')).toBeUndefined()
    await writeFile(path, 'second')
    expect(await credential.renew('first')).toBe('second')
  })

  it('reads once more while the file is being written', async () => {
    await writeFile(path, '')
    const secret = credentialFromFile(path).read()
    await writeFile(path, 'second\n')
    expect(await secret).toBe('second')
  })

  it('is watched while somebody listens, and not otherwise', async () => {
    const clock = new ManualClock()
    await writeFile(path, 'first')
    const credential = credentialFromFile(path, clock)
    await credential.read()
    expect(clock.pending).toBe(0)
    const changed = deferred<void>()
    const watch = credential.onChange(changed.resolve)
    await expect.poll(() => clock.pending, { interval: 1 }).toBe(1)
    await writeFile(path, 'second')
    await clock.advance(1000)
    await changed.promise
    watch[Symbol.dispose]()
    expect(clock.pending).toBe(0)
  })

  it('says which file is missing, empty or far too large, and never what is in it', async () => {
    const credential = credentialFromFile(path)
    await expect(credential.read()).rejects.toMatchObject({
      code: 'denied',
      message: `Cannot read a token from file ${JSON.stringify(path)}: it is not there`,
    })
    await writeFile(path, '\n')
    await expect(credential.read()).rejects.toThrow(`file ${JSON.stringify(path)} is unset or empty`)
    await writeFile(path, 'x'.repeat(70_000))
    await expect(credential.read()).rejects.toThrow('it is larger than 65536 bytes')
    await writeFile(path, 'two words')
    await expect(credential.read()).rejects.not.toThrow('two words')
  })
})

import { chmod, mkdir, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openNoiseKey } from '../../src/gateway/noise-key.ts'
import { defaultStateDirectory, openState } from '../../src/gateway/state.ts'
import { tempDirectory } from '../support/temp-directory.ts'

describe('openState', () => {
  it('makes the secrets once, for its owner alone', async () => {
    await using directory = await tempDirectory()
    const path = join(directory.path, 'deep', 'state')
    const first = await openState(path)
    const second = await openState(path)
    expect(second.keys.read()).toEqual(first.keys.read())
    expect((await stat(path)).mode & 0o777).toBe(0o700)
    for (const name of await readdir(path)) expect((await stat(join(path, name))).mode & 0o777).toBe(0o600)
  })

  it('agrees on one set of secrets when several processes come first together', async () => {
    await using directory = await tempDirectory()
    const path = join(directory.path, 'state')
    const states = await Promise.all([0, 1, 2, 3].map(() => openState(path)))
    const secrets = states.map(({ keys }) => keys.read().internalSecret)
    expect(new Set(secrets).size).toBe(1)
  })

  it('closes an empty directory that others could read', async () => {
    await using directory = await tempDirectory()
    const path = join(directory.path, 'state')
    await mkdir(path)
    await chmod(path, 0o755)
    await openState(path)
    expect((await stat(path)).mode & 0o777).toBe(0o700)
  })

  it('refuses a directory with other things in it, and leaves that alone', async () => {
    await using directory = await tempDirectory()
    await writeFile(join(directory.path, 'thesis.tex'), '')
    await chmod(directory.path, 0o755)
    await expect(openState(directory.path)).rejects.toThrow('it has other things in it')
    expect((await stat(directory.path)).mode & 0o777).toBe(0o755)
  })

  it('keeps one static key for Noise', async () => {
    await using directory = await tempDirectory()
    const state = await openState(join(directory.path, 'state'))
    const [first, second] = [await openNoiseKey(state), await openNoiseKey(state)]
    expect(second.dh.publicBytes).toEqual(first.dh.publicBytes)
    expect(second.kem).toEqual(first.kem)
    expect((await stat(join(state.directory, 'noise-key.json'))).mode & 0o777).toBe(0o600)
  })
})

describe('defaultStateDirectory', () => {
  it.runIf(process.platform === 'linux')('follows XDG', () => {
    expect(defaultStateDirectory({ XDG_STATE_HOME: '/x' })).toBe('/x/env-mcp/gateway')
    expect(defaultStateDirectory({})).toMatch(/\/\.local\/state\/env-mcp\/gateway$/)
  })
})

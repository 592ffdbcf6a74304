import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { TwoMachines } from '../../support/two-machines.ts'

const file = { source_path: 'f', destination_path: 'new\\g' }
const OLD_WINDOWS = { writeBlocks: false, maxWriteFileBytes: 1_000_000 }

describe.each([
  ['that writes blocks', {}],
  ['that writes whole files', OLD_WINDOWS],
])('copy_path to a Windows machine %s', (_, features) => {
  it('puts a small file in place, and says what it could not do', async () => {
    await using at = new TwoMachines({ b: { windows: features } })
    const bytes = randomBytes(900_000)
    writeFileSync(at.path('a/f'), bytes, { mode: 0o600 })
    const text = await at.copy(file)
    expect(readFileSync(at.path('b/new/g')).equals(bytes)).toBe(true)
    expect(readdirSync(at.path('b/new'))).toEqual(['g'])
    expect(text).toContain('It was not put in place at once: that executor cannot rename.')
    expect(text).toContain('The mode was not kept')
  })

  it('refuses a directory', async () => {
    await using at = new TwoMachines({ b: { windows: features } })
    mkdirSync(at.path('a/d'))
    const message = expect.stringContaining(
      'a directory needs a POSIX shell on both machines, and "b" runs windows',
    )
    const copy = at.copy({ source_path: 'd', destination_path: 'e', recursive: true })
    await expect(copy).rejects.toMatchObject({ code: 'invalid_input', message })
    expect(readdirSync(at.path('b'))).toEqual([])
  })
})

describe('copy_path to a Windows machine that writes whole files', () => {
  it('refuses a larger file, and leaves nothing there', async () => {
    await using at = new TwoMachines({ b: { windows: OLD_WINDOWS } })
    writeFileSync(at.path('a/f'), randomBytes(1_100_000))
    const message = expect.stringContaining('that executor takes files of at most 1000000 bytes')
    await expect(at.copy(file)).rejects.toMatchObject({ code: 'invalid_input', message })
    expect(readdirSync(at.path('b'))).toEqual([])
  })
})

describe('copy_path from a Windows machine', () => {
  it('copies a file, its mode not being known', async () => {
    await using at = new TwoMachines({ a: { windows: {} } })
    writeFileSync(at.path('a/f'), 'x')
    const text = await at.copy({ source_path: '.\\f', destination_path: './' })
    expect(readFileSync(at.path('b/f'), 'utf8')).toBe('x')
    expect(text).toContain('The mode was not kept')
  })

  it('copies within it', async () => {
    await using at = new TwoMachines({ a: { windows: {} } })
    writeFileSync(at.path('a/f'), 'x')
    await at.copy({ ...file, destination_environment_id: 'a' })
    expect(readFileSync(at.path('a/new/g'), 'utf8')).toBe('x')
    expect(readdirSync(at.path('a/new'))).toEqual(['g'])
  })
})

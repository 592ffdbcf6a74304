import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { GatewayMachines, type GatewayMachinesOptions } from '../../support/gateway-machines.ts'
import { describeTree, makeTree } from '../../support/tree.ts'
import { withShellLines } from '../../support/two-machines.ts'

const file = { source_path: 'f', destination_path: 'g' }
const tree = { source_path: 'd', destination_path: 'e', recursive: true }
/** An executor that cannot speak HTTP itself, as every stock one. */
const STOCK = { features: { relay: false, closeStdin: false, rename: false } }
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

const ENDS: readonly [string, GatewayMachinesOptions][] = [
  ['by themselves', {}],
  ['by curl', { a: STOCK, b: STOCK }],
  ['by curl to one that can itself', { a: STOCK }],
  ['from one that can itself to curl', { b: STOCK }],
]

describe.each(ENDS)('copy_path over HTTP %s', (_, options) => {
  it('carries a file, whole, with its mode', async () => {
    await using at = await GatewayMachines.start(options)
    const bytes = randomBytes(5_000_001)
    writeFileSync(at.path('a/f'), bytes, { mode: 0o640 })
    const text = await at.copy(file)
    expect(text).toMatch(/^Copied 1 file, 5,000,001 bytes, in .*, transport http$/m)
    expect(text).toContain(`sha256: ${sha256(bytes)} (the same at both ends)`)
    expect(readFileSync(at.path('b/g')).equals(bytes)).toBe(true)
    expect(statSync(at.path('b/g')).mode & 0o777).toBe(0o640)
    expect(readdirSync(at.path('b'))).toEqual(['g'])
  })

  it('carries an empty file, and one whose name needs care', async () => {
    await using at = await GatewayMachines.start(options)
    const name = `{a,b}[1-3] "#1" $x\\ 'é`
    writeFileSync(at.path('a/f'), '')
    writeFileSync(at.path(`a/${name}`), 'x')
    await at.copy(file)
    await at.copy({ source_path: name, destination_path: './' })
    expect(readFileSync(at.path('b/g'), 'utf8')).toBe('')
    expect(readFileSync(at.path(`b/${name}`), 'utf8')).toBe('x')
  })

  it('carries a directory with all in it', async () => {
    await using at = await GatewayMachines.start(options)
    mkdirSync(at.path('a/d'))
    makeTree(at.path('a/d'))
    const text = await at.copy(tree)
    expect(text).toMatch(/transport http$/m)
    expect(describeTree(at.path('b/e'))).toEqual(describeTree(at.path('a/d')))
    expect(readdirSync(at.path('b'))).toEqual(['e'])
  })
})

describe('copy_path over HTTP by curl of what cannot be read', () => {
  it('says what, and leaves nothing behind', async () => {
    const tar = 'tar() { echo "tar: ./secret: Cannot open: Permission denied" >&2; return 2; }'
    await using at = await GatewayMachines.start({ a: { ...STOCK, ...withShellLines(tar) } })
    mkdirSync(at.path('a/d'))
    await expect(at.copy(tree)).rejects.toMatchObject({
      code: 'denied',
      message: expect.stringMatching(
        /: cannot read the source: tar: \.\/secret: Cannot open: Permission denied$/,
      ),
    })
    expect(readdirSync(at.path('b'))).toEqual([])
  })
})

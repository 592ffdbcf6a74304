import { mkdirSync, statSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GatewayMachines } from '../../support/gateway-machines.ts'
import { makeSparse, plantTree, randomTree } from '../../support/random-tree.ts'
import { describeTree, timesIn } from '../../support/tree.ts'
import { OLD, TwoMachines } from '../../support/two-machines.ts'

const tree = { source_path: 'd', destination_path: 'e', recursive: true }

/** An executor that cannot speak HTTP itself, as every stock one. */
const STOCK = { features: { relay: false, closeStdin: false, rename: false } }

const WAYS: readonly [string, () => TwoMachines | Promise<GatewayMachines>, string][] = [
  ['between new executors', () => new TwoMachines(), 'b'],
  ['from a new to an old executor', () => new TwoMachines({ b: OLD }), 'b'],
  ['between old executors', () => new TwoMachines({ a: OLD, b: OLD }), 'b'],
  ['within one machine', () => new TwoMachines(), 'a'],
  ['over HTTP', () => GatewayMachines.start(), 'b'],
  ['over HTTP by curl', () => GatewayMachines.start({ a: STOCK, b: STOCK }), 'b'],
]

describe.each(WAYS)('copy_path of any directory %s', (_, start, to) => {
  it('keeps every byte, name, mode, time and link', async () => {
    await fc.assert(
      fc.asyncProperty(randomTree, async (entries) => {
        await using at = await start()
        mkdirSync(at.path('a/d'))
        plantTree(Buffer.from(at.path('a/d')), entries)
        const text = await at.copy({ ...tree, destination_environment_id: to })
        expect(text).toContain('(the same at both ends)')
        expect(describeTree(at.path(`${to}/e`))).toEqual(describeTree(at.path('a/d')))
        expect(timesIn(at.path(`${to}/e`))).toEqual(timesIn(at.path('a/d')))
      }),
      { numRuns: 4 },
    )
  }, 60_000)
})

describe.each(WAYS)('copy_path of a file with holes %s', (way, start, to) => {
  // Blocks are cut in two ways only: as ours and as old ones take them.
  const sizes = way.endsWith('executors') ? [8_000_000, 8 * 1024 * 1024, 8_000_001] : [8_000_001]
  it.each(sizes)('keeps the holes of %i bytes', async (size) => {
    await using at = await start()
    mkdirSync(at.path('a/d'))
    makeSparse(at.path('a/d/f'), size)
    const machine = { destination_environment_id: to }
    await at.copy({ ...machine, source_path: 'd/f', destination_path: 'g' })
    await at.copy({ ...machine, ...tree })
    for (const name of [`${to}/g`, `${to}/e/f`]) {
      expect(statSync(at.path(name)).size).toBe(size)
      expect(statSync(at.path(name)).blocks * 512).toBeLessThan(1_000_000)
    }
  })
})

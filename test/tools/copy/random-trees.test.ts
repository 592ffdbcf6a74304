import { mkdirSync, statSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeSparse, plantTree, randomTree } from '../../support/random-tree.ts'
import { describeTree, timesIn } from '../../support/tree.ts'
import { OLD, TwoMachines } from '../../support/two-machines.ts'

const tree = { source_path: 'd', destination_path: 'e', recursive: true }

describe.each([
  ['between new executors', {}, {}],
  ['from a new to an old executor', {}, { b: OLD }],
  ['between old executors', { a: OLD }, { b: OLD }],
  ['within one machine', {}, {}, 'a'],
])('copy_path of any directory %s', (_, a, b, to = 'b') => {
  it('keeps every byte, name, mode, time and link', async () => {
    await fc.assert(
      fc.asyncProperty(randomTree, async (entries) => {
        await using at = new TwoMachines({ ...a, ...b })
        mkdirSync(at.path('a/d'))
        plantTree(Buffer.from(at.path('a/d')), entries)
        const text = await at.copy({ ...tree, destination_environment_id: to })
        expect(text).toContain('(the same at both ends)')
        expect(describeTree(at.path(`${to}/e`))).toEqual(describeTree(at.path('a/d')))
        expect(timesIn(at.path(`${to}/e`))).toEqual(timesIn(at.path('a/d')))
      }),
      { numRuns: 6 },
    )
  }, 60_000)
})

describe.each([
  ['between new executors', {}, 'b'],
  ['between old executors', OLD, 'b'],
  ['within one machine', {}, 'a'],
])('copy_path of a file with holes %s', (_, changes, to) => {
  it.each([8_000_000, 8 * 1024 * 1024, 8_000_001])('keeps the holes of %i bytes', async (size) => {
    await using at = new TwoMachines({ a: changes, b: changes })
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

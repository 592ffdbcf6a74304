import { describe, expect, it } from 'vitest'
import { nearest } from '../../src/util/nearest.ts'

describe('nearest', () => {
  it.each([
    ['bix', 'box'],
    ['bxo', 'box'],
    ['BOX', 'box'],
    ['gpus', 'gpu'],
    ['enviroment', 'environment'],
    ['zebra', undefined],
    ['', undefined],
  ])('takes %j for %j', (wanted, meant) => {
    expect(nearest(wanted, ['gpu', 'box', 'environment', 'workspace-id'])).toBe(meant)
  })

  it('prefers the one with the fewest edits', () => {
    expect(nearest('node-12', ['node-21', 'node-13', 'node-121'])).toBe('node-21')
    expect(nearest('log-fil', ['log-file', 'log-level'])).toBe('log-file')
  })

  it('has nothing to say where there are no names', () => {
    expect(nearest('box', [])).toBeUndefined()
  })
})
